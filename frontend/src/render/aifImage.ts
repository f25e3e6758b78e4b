/** The small input images on a canvas: one frame, or the mean or peak of those that are used. */

import { type LoadedArray, physical } from "../api/arrays.ts";

export type AifViewName = "frame" | "peak" | "mean";

/** Brightness that is drawn white, as a share of the brightest used pixel. */
const WHITE = 0.9;

/** Paint the first echo; `view` "frame" shows that frame, the others all used frames together. */
export function paintView(
  canvas: HTMLCanvasElement,
  movie: LoadedArray,
  status: readonly number[],
  view: AifViewName,
  frame: number,
): void {
  const context = canvas.getContext("2d");
  const [, , rows = 0, columns = 0] = movie.ref.shape;
  if (!context || rows === 0) return;
  const count = rows * columns;
  const used = status.flatMap((code, index) => (code === 0 ? [index] : []));
  const values = projection(movie, count, view === "frame" ? [frame] : used, view === "peak");
  // One window for the whole movie, so that the bolus is seen to pass.
  const top = WHITE * Math.max(1e-9, ...projection(movie, count, used, true));
  const image = context.createImageData(columns, rows);
  for (let i = 0; i < count; i++) {
    const grey = Math.min(255, Math.max(0, (255 * (values[i] as number)) / top));
    image.data.set([grey, grey, grey, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

const projections = new WeakMap<LoadedArray, Map<string, Float32Array>>();

function projection(
  movie: LoadedArray,
  count: number,
  frames: readonly number[],
  peak: boolean,
): Float32Array {
  const known = projections.get(movie) ?? new Map<string, Float32Array>();
  projections.set(movie, known);
  const key = `${peak} ${frames.length > 1 ? frames.join() : ""}`;
  const kept = frames.length > 1 ? known.get(key) : undefined;
  if (kept) return kept;
  const values = new Float32Array(count);
  for (const frame of frames) {
    for (let i = 0; i < count; i++) {
      const value = physical(movie, frame * count + i);
      if (Number.isNaN(value)) continue;
      values[i] = peak ? Math.max(values[i] as number, value) : (values[i] as number) + value;
    }
  }
  if (!peak) for (let i = 0; i < count; i++) values[i] = (values[i] as number) / frames.length;
  if (frames.length > 1) known.set(key, values);
  return values;
}
