/** Immutable arrays of a run, fetched once each; maps before movies, so that numbers show first. */

import { NO_VALUE } from "../logic/window.ts";
import type { ArrayRef } from "./analysisTypes.ts";
import { getBytes } from "./client.ts";

export type Stored = Uint8Array | Uint16Array | Float32Array;

export interface LoadedArray {
  ref: ArrayRef;
  data: Stored;
}

const KINDS = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array } as const;

/** Typed view of an array's bytes; a wrong length is an error, never a half-drawn picture. */
export function decodeArray(ref: ArrayRef, bytes: ArrayBuffer): LoadedArray {
  const kind = KINDS[ref.dtype];
  const expected = ref.shape.reduce((product, n) => product * n, 1) * kind.BYTES_PER_ELEMENT;
  if (bytes.byteLength !== expected) {
    throw new RangeError(`Expected ${expected} bytes of ${ref.dtype}, got ${bytes.byteLength}`);
  }
  return { ref, data: new kind(bytes) };
}

export async function loadArray(ref: ArrayRef, signal?: AbortSignal): Promise<LoadedArray> {
  return decodeArray(ref, await getBytes(ref.url, signal));
}

/** Physical value of one element; NaN where there is none. */
export function physical({ ref, data }: LoadedArray, index: number): number {
  const stored = data[index] ?? Number.NaN;
  if (ref.dtype === "uint16" && stored === NO_VALUE) return Number.NaN;
  return stored * ref.scale + ref.offset;
}
