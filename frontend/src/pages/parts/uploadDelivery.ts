/** One delivery to the server: opened, fed portion by portion, zips unpacked in steps, closed. */

import type { ApiError } from "../../api/basicTypes.ts";
import { csrfToken, postJson, RequestFailed } from "../../api/client.ts";
import { type Picked, portions } from "./uploadFiles.ts";

export interface Outcome {
  name: string;
  status: "accepted" | "duplicate" | "refused" | "set_aside";
  code: string;
  message: string;
  study_id: number | null;
}

interface Archive {
  name: string;
  token: string;
}

export interface DeliveryEvents {
  /** Bytes and files that the server has, counted while they travel. */
  sent(files: number, share: number): void;
  unpacking(archive: string, checked: number): void;
  outcomes(outcomes: Outcome[]): void;
  finishing(): void;
}

/** Send everything; resolves when the server has sorted it. Throws RequestFailed or AbortError. */
export async function deliver(
  picked: readonly Picked[],
  site: string,
  signal: AbortSignal,
  events: DeliveryEvents,
): Promise<void> {
  const { id } = await postJson<{ id: number }>("/api/uploads/", { site });
  const studies = new Set<number>();
  const heard = (outcomes: Outcome[]) => {
    for (const { study_id, status } of outcomes) {
      if (study_id !== null && status === "accepted") studies.add(study_id);
    }
    events.outcomes(outcomes);
  };
  const total = Math.max(1, sum(picked.map(({ file }) => file.size)));
  let files = 0;
  let bytes = 0;
  try {
    for (const portion of portions(picked)) {
      const size = sum(portion.map(({ file }) => file.size));
      const answer = await sendFiles(`/api/uploads/${id}/objects/`, portion, signal, (share) =>
        events.sent(files, (bytes + share * size) / total),
      );
      files += portion.length;
      bytes += size;
      events.sent(files, bytes / total);
      heard(answer.outcomes);
      for (const archive of answer.archives) await unpack(id, archive, signal, heard, events);
    }
  } finally {
    // What has arrived is sorted and analysed even when the rest was cancelled or lost.
    events.finishing();
    await postJson(`/api/uploads/${id}/done/`, { studies: [...studies] });
  }
}

async function unpack(
  id: number,
  archive: Archive,
  signal: AbortSignal,
  heard: (outcomes: Outcome[]) => void,
  events: DeliveryEvents,
): Promise<void> {
  let checked = 0;
  for (let next: number | null = 0; next !== null; ) {
    signal.throwIfAborted();
    const step: { outcomes: Outcome[]; next: number | null } = await postJson(
      `/api/uploads/${id}/archives/${archive.token}/`,
      { start: next },
    );
    checked += step.outcomes.length;
    events.unpacking(archive.name, checked);
    heard(
      step.outcomes.map((one) => ({
        ...one,
        name: one.name ? `${archive.name}/${one.name}` : archive.name,
      })),
    );
    next = step.next;
  }
}

/** A form over XMLHttpRequest: fetch does not tell how much of a request has left. */
function sendFiles(
  url: string,
  portion: readonly Picked[],
  signal: AbortSignal,
  progress: (share: number) => void,
): Promise<{ outcomes: Outcome[]; archives: Archive[] }> {
  const form = new FormData();
  for (const { file, path } of portion) {
    form.append("files", file, file.name);
    form.append("paths", path);
  }
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0);
    request.onload = () => {
      if (request.status < 400 && request.response) return resolve(request.response);
      const told = (request.response as ApiError | null)?.error;
      const sentence = told?.message ?? `The server answered with status ${request.status}.`;
      reject(new RequestFailed(sentence, told?.code ?? "unexpected", request.status));
    };
    request.onerror = () =>
      reject(new RequestFailed("The server cannot be reached.", "offline", 0));
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
