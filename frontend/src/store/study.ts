/** What the server says about the open study, and the queue of edits on their way to it. */

import { createStore } from "zustand/vanilla";
import { studyApi } from "../api/addresses.ts";
import type { AcquisitionView, Slice } from "../api/analysisTypes.ts";
import { getJson, postJson, RequestFailed } from "../api/client.ts";
import type { Edit, EditResult, ViewerState } from "../api/readingTypes.ts";

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** An edit as the reader made it; the revision that it builds on is added when it is sent. */
export type EditRequest = DistributiveOmit<Edit, "base_revision">;

export interface Conflict {
  edit: EditRequest;
  author: string | null;
  currentRevision: number | null;
}

export interface StudyStore {
  id: number;
  data: ViewerState | null;
  loadError: string | null;
  /** Edits made but not yet confirmed by the server, oldest first. */
  waiting: EditRequest[];
  sync: "idle" | "saving" | "offline" | "signed-out";
  conflict: Conflict | null;
  /** Why the last edit was refused. */
  rejected: string | null;
}

export const study = createStore<StudyStore>()(() => ({
  id: 0,
  data: null,
  loadError: null,
  waiting: [],
  sync: "idle",
  conflict: null,
  rejected: null,
}));

const RETRY_MS = [1000, 2000, 5000, 10000];
let retries = 0;
let retryTimer: ReturnType<typeof setTimeout> | undefined;

export async function openStudy(id: number): Promise<void> {
  study.setState({ id, loadError: null });
  try {
    const data = await getJson<ViewerState>(`${studyApi(id)}/viewer/`);
    study.setState((state) =>
      overtaken(state, data) ? { loadError: null } : { data, loadError: null },
    );
  } catch (error) {
    study.setState({ loadError: message(error) });
  }
}

/** An edit was made or saved while this answer was on its way: what it says is old. */
function overtaken({ data, waiting }: StudyStore, answer: ViewerState): boolean {
  if (!data?.reading || data.reading.id !== answer.reading?.id) return false;
  return waiting.length > 0 || answer.reading.revision < data.reading.revision;
}

export function commit(edit: EditRequest): void {
  study.setState((state) => ({ waiting: [...state.waiting, edit], rejected: null }));
  void drain();
}

let draining = false;

/** Send waiting edits one after the other; each builds on the revision that the last one made. */
export async function drain(): Promise<void> {
  if (draining || study.getState().conflict) return;
  draining = true;
  clearTimeout(retryTimer);
  try {
    for (;;) {
      const [edit] = study.getState().waiting;
      if (!edit) break;
      study.setState({ sync: "saving" });
      if (!(await sendOne(edit))) return;
      study.setState((state) => ({ waiting: state.waiting.slice(1) }));
    }
    retries = 0;
    study.setState({ sync: "idle" });
  } finally {
    draining = false;
  }
}

/** True when the edit is settled, one way or the other, and the next may go. */
async function sendOne(edit: EditRequest): Promise<boolean> {
  try {
    const reading = await openReading();
    const result = await postJson<EditResult>(`/api/readings/${reading.id}/edits/`, {
      ...edit,
      base_revision: reading.revision,
    });
    applyResult(result);
    return true;
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    if (error.transient || error.signedOut) {
      study.setState({ sync: error.signedOut ? "signed-out" : "offline" });
      const wait = RETRY_MS[Math.min(retries++, RETRY_MS.length - 1)];
      retryTimer = setTimeout(() => void drain(), wait);
      return false;
    }
    if (error.code === "conflict") {
      const detail = (error.detail ?? {}) as { current_revision?: number; author?: string };
      study.setState({
        sync: "idle",
        conflict: {
          edit,
          author: detail.author ?? null,
          currentRevision: detail.current_revision ?? null,
        },
      });
      return false;
    }
    study.setState({ rejected: error.message });
    if (error.status !== 403) return true;
    // Kept: a role that was taken away may come back, and the next edit sends this one first.
    study.setState({ sync: "idle" });
    return false;
  }
}

async function openReading(): Promise<{ id: number; revision: number }> {
  const { data, id } = study.getState();
  if (data?.reading) return data.reading;
  const opened = await postJson<EditResult>(`${studyApi(id)}/readings/`, {});
  applyResult(opened);
  return opened.reading;
}

/** After a conflict: take what is saved now, and send our own edit again or drop it. */
export async function resolveConflict(keep: "mine" | "theirs"): Promise<void> {
  const { waiting, id } = study.getState();
  study.setState({ waiting: [] });
  await openStudy(id);
  study.setState({ conflict: null, waiting: keep === "mine" ? waiting : [] });
  await drain();
}

export function applyResult(result: EditResult): void {
  study.setState((state) => {
    if (!state.data) return {};
    const changed = new Map(result.slices.map((slice) => [slice.key, slice]));
    return {
      data: {
        ...state.data,
        reading: result.reading,
        table: result.table,
        flags: result.flags,
        entered: result.entered,
        summary: result.summary,
        suggestions: result.suggestions,
        acquisitions: changed.size
          ? state.data.acquisitions.map((acquisition) => ({
              ...acquisition,
              slices: acquisition.slices.map((slice) => ({ ...slice, ...changed.get(slice.key) })),
            }))
          : state.data.acquisitions,
      },
    };
  });
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function findSlice(
  acquisitions: readonly AcquisitionView[],
  key: string | null,
): Slice | undefined {
  return acquisitions.flatMap((a) => a.slices).find((slice) => slice.key === key);
}

/** Whether edits are possible now: a draft of one's own, or the right to open one. */
export function mayEdit(data: ViewerState | null): boolean {
  if (!data || data.acquisitions.length === 0) return false;
  return data.reading ? data.reading.editable : data.can_read;
}
