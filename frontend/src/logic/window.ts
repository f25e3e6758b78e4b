/** Grey window (centre and width in physical units) as a 65,536-entry table of packed RGBA. */

import { NOT_MEASURED, packed } from "./palette.ts";

/** Stored value of a quantised array that stands for "no value here". */
export const NO_VALUE = 0;

export interface GreyWindow {
  centre: number;
  width: number;
}

export function windowTable(
  { centre, width }: GreyWindow,
  scale: number,
  offset: number,
): Uint32Array {
  const low = centre - width / 2;
  const perStep = (255 * scale) / Math.max(width, 1e-12);
  const start = (255 * (offset - low)) / Math.max(width, 1e-12);
  const table = new Uint32Array(65536);
  for (let stored = 0; stored < 65536; stored++) {
    const shade = start + perStep * stored;
    const grey = shade <= 0 ? 0 : shade >= 255 ? 255 : Math.round(shade);
    table[stored] = (0xff000000 | (grey << 16) | (grey << 8) | grey) >>> 0;
  }
  table[NO_VALUE] = packed(NOT_MEASURED);
  return table;
}

/** A window from low and high quantiles of every stride-th sample. */
export function windowFromQuantiles(
  stored: ArrayLike<number>,
  scale: number,
  offset: number,
  quantiles: readonly [number, number] = [0.01, 0.995],
): GreyWindow {
  const stride = Math.max(1, Math.floor(stored.length / 20000));
  const samples: number[] = [];
  for (let i = 0; i < stored.length; i += stride) {
    const value = stored[i] ?? Number.NaN;
    if (value !== NO_VALUE && !Number.isNaN(value)) samples.push(value);
  }
  if (samples.length === 0) return { centre: 0.5, width: 1 };
  samples.sort((a, b) => a - b);
  const pick = (q: number) => (samples[Math.round(q * (samples.length - 1))] ?? 0) * scale + offset;
  const [low, high] = [pick(quantiles[0]), pick(quantiles[1])];
  return { centre: (low + high) / 2, width: Math.max(high - low, Math.abs(scale) || 1e-6) };
}
