/** Pixel arrays of the open study: loaded once, maps before movies, with a state per array. */

import { createStore } from "zustand/vanilla";
import type { AcquisitionView, ArrayRef, Slice } from "../api/analysisTypes.ts";
import { type LoadedArray, loadArray } from "../api/arrays.ts";

export type ArrayName = keyof Slice["arrays"];
export type PixelState = "loading" | "ready" | "failed";

/** State per address; the arrays themselves lie outside, where React never compares them. */
export const pixelStates = createStore<Record<string, PixelState>>()(() => ({}));
const arrays = new Map<string, LoadedArray>();
const listeners = new Set<() => void>();

const ORDER: ArrayName[] = ["mbf", "upslope", "movie", "gd", "uncertainty", "original"];
const AT_ONCE = 3;

let queue: ArrayRef[] = [];
let underWay = 0;
let abort = new AbortController();

export function arrayOf(ref: ArrayRef | undefined): LoadedArray | undefined {
  return ref ? arrays.get(ref.url) : undefined;
}

/** Called whenever an array has arrived or failed. */
export function onPixels(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Queue every array of a run, those that are shown first; those that are there already stay. */
export function loadPixels(
  acquisitions: readonly AcquisitionView[],
  shown: readonly ArrayRef[] = [],
): void {
  const all = ORDER.flatMap((name) =>
    acquisitions.flatMap((acquisition) =>
      acquisition.slices.flatMap((slice) => slice.arrays[name] ?? []),
    ),
  );
  for (const { aif } of acquisitions) {
    if (aif?.images) all.push(aif.images.movie, aif.images.lv_mask, aif.images.rv_mask);
  }
  for (const { slices } of acquisitions) {
    for (const { other_maps } of slices) all.push(...Object.values(other_maps));
  }
  const wanted = [...new Map([...shown, ...all].map((ref) => [ref.url, ref])).values()];
  const addresses = new Set(wanted.map((ref) => ref.url));
  for (const url of arrays.keys()) if (!addresses.has(url)) arrays.delete(url);
  const known = pixelStates.getState();
  queue = wanted.filter((ref) => !arrays.has(ref.url) && known[ref.url] !== "loading");
  const next: Record<string, PixelState> = {};
  for (const ref of wanted) next[ref.url] = arrays.has(ref.url) ? "ready" : "loading";
  pixelStates.setState(next, true);
  pump();
}

/** Move one array to the front, because a reader asked to see it. */
export function wantNow(ref: ArrayRef | undefined): void {
  const index = ref ? queue.findIndex((waiting) => waiting.url === ref.url) : -1;
  if (index > 0) queue.unshift(...queue.splice(index, 1));
}

export function retryFailed(): void {
  for (const [url, state] of Object.entries(pixelStates.getState())) {
    if (state === "failed") failedRefs.get(url)?.();
  }
}

/** Forget everything of the study that is being left. */
export function dropPixels(): void {
  abort.abort();
  abort = new AbortController();
  queue = [];
  underWay = 0;
  arrays.clear();
  failedRefs.clear();
  pixelStates.setState({}, true);
}

const failedRefs = new Map<string, () => void>();

function settle(url: string, state: PixelState): void {
  pixelStates.setState({ [url]: state });
  for (const listener of listeners) listener();
}

function pump(): void {
  while (underWay < AT_ONCE && queue.length > 0) {
    const ref = queue.shift() as ArrayRef;
    const { signal } = abort;
    underWay += 1;
    loadArray(ref, signal)
      .then((array) => {
        if (signal.aborted) return;
        arrays.set(ref.url, array);
        failedRefs.delete(ref.url);
        settle(ref.url, "ready");
      })
      .catch(() => {
        if (signal.aborted) return;
        failedRefs.set(ref.url, () => {
          pixelStates.setState({ [ref.url]: "loading" });
          queue.push(ref);
          pump();
        });
        settle(ref.url, "failed");
      })
      .finally(() => {
        if (signal.aborted) return;
        underWay -= 1;
        pump();
      });
  }
}
