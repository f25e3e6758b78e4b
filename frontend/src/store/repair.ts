/** Changes to the analysis that wait to be computed; kept over a reload of the page. */

import { createStore } from "zustand/vanilla";
import { postJson } from "../api/client.ts";
import type { RunView } from "../api/imageTypes.ts";
import { isEmpty, noRepair, type Repair, requestOf } from "../logic/repair.ts";
import { openStudy, study } from "./study.ts";

interface RepairStore {
  repair: Repair | null;
  /** The run that computes the changes; they stay until it has succeeded. */
  sentAs: number | null;
}

export const repairs = createStore<RepairStore>()(() => ({ repair: null, sentAs: null }));

const storageKey = (studyId: number) => `qperf.repair.${studyId}`;

export function changeRepair(change: (repair: Repair) => Repair): void {
  const run = study.getState().data?.result_run?.id;
  if (run === undefined) return;
  const { repair } = repairs.getState();
  const next = change(repair?.run === run ? repair : noRepair(run));
  repairs.setState({ repair: isEmpty(next) ? null : next, sentAs: null });
  keep();
}

export function dropRepair(): void {
  repairs.setState({ repair: null, sentAs: null });
  keep();
}

/** Ask for a child run with the changes. Throws what the server refuses. */
export async function sendRepair(reason: string): Promise<void> {
  const { repair } = repairs.getState();
  const { id } = study.getState();
  if (!repair) return;
  const run = await postJson<RunView>(`/api/studies/${id}/runs/`, requestOf(repair, reason));
  repairs.setState({ sentAs: run.id });
  keep();
  await openStudy(id);
}

/** Find changes again after a reload, and forget them once they are computed. */
export function followRepair(): () => void {
  const look = () => {
    const { data, id } = study.getState();
    const run = data?.run;
    if (!data || !run) return;
    const state = repairs.getState();
    if (!state.repair) {
      const kept = remembered(id);
      if (kept?.repair && kept.repair.run === data.result_run?.id) repairs.setState(kept);
      else if (kept) sessionStorage.removeItem(storageKey(id));
    }
    const { repair, sentAs } = repairs.getState();
    if (sentAs === run.id && run.state === "succeeded") dropRepair();
    else if (repair && data.result_run && repair.run < data.result_run.id) dropRepair();
  };
  look();
  return study.subscribe(look);
}

function keep(): void {
  const { repair, sentAs } = repairs.getState();
  const key = storageKey(study.getState().id);
  try {
    if (repair) sessionStorage.setItem(key, JSON.stringify({ repair, sentAs }));
    else sessionStorage.removeItem(key);
  } catch {
    // Without storage the changes live as long as the page.
  }
}

function remembered(id: number): RepairStore | null {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey(id)) ?? "null") as RepairStore | null;
  } catch {
    return null;
  }
}
