/** Fill a slice's pixels (packed RGBA) from an array; the only loops that run per pixel. */

import { type LoadedArray, physical } from "../api/arrays.ts";
import { NOT_MEASURED, type PaletteName, packed, paletteTable } from "../logic/palette.ts";

const MISSING = packed(NOT_MEASURED);

/** One frame through a 65,536-entry window table. */
export function paintFrame(
  pixels: Uint32Array,
  movie: LoadedArray,
  frame: number,
  table: Uint32Array,
): void {
  const count = pixels.length;
  const start = Math.min(frame, (movie.ref.shape[0] ?? 1) - 1) * count;
  const { data } = movie;
  for (let i = 0; i < count; i++) pixels[i] = table[data[start + i] as number] as number;
}

/** A float map through a palette; NaN gets the colour of "not measured". */
export function paintMap(
  pixels: Uint32Array,
  map: LoadedArray,
  palette: PaletteName,
  [low, high]: readonly [number, number],
): void {
  const table = paletteTable(palette);
  const { data, ref } = map;
  const factor = (255 * ref.scale) / (high - low);
  const shift = (255 * (ref.offset - low)) / (high - low);
  for (let i = 0; i < pixels.length; i++) {
    const value = (data[i] as number) * factor + shift;
    pixels[i] = Number.isNaN(value)
      ? MISSING
      : (table[value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value)] as number);
  }
}

/** One map minus another through a palette. */
export function paintDifference(
  pixels: Uint32Array,
  map: LoadedArray,
  minus: LoadedArray,
  palette: PaletteName,
  [low, high]: readonly [number, number],
): void {
  const table = paletteTable(palette);
  for (let i = 0; i < pixels.length; i++) {
    const difference = physical(map, i) - physical(minus, i);
    const value = (255 * (difference - low)) / (high - low);
    pixels[i] = Number.isNaN(value)
      ? MISSING
      : (table[value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value)] as number);
  }
}

/** Take the pixels of `other` where `isLeft` says so. */
export function keepLeft(
  pixels: Uint32Array,
  other: Uint32Array,
  columns: number,
  isLeft: (row: number, column: number) => boolean,
): void {
  for (let i = 0; i < pixels.length; i++) {
    const column = i % columns;
    if (isLeft((i - column) / columns, column)) pixels[i] = other[i] as number;
  }
}

/** Lay `top` over `pixels` with an opacity; not-measured pixels let the anatomy through. */
export function blendOver(pixels: Uint32Array, top: Uint32Array, opacity: number): void {
  const share = Math.round(opacity * 256);
  const rest = 256 - share;
  for (let i = 0; i < pixels.length; i++) {
    const a = top[i] as number;
    if (a === MISSING) continue;
    const b = pixels[i] as number;
    const redBlue = ((a & 0xff00ff) * share + (b & 0xff00ff) * rest) >>> 8;
    const green = ((a & 0x00ff00) * share + (b & 0x00ff00) * rest) >>> 8;
    pixels[i] = (0xff000000 | (redBlue & 0xff00ff) | (green & 0x00ff00)) >>> 0;
  }
}
