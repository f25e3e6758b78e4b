/** Small pixel masks and the polygons around them, as the server rasterises: centre inside. */

import type { Point } from "../api/basicTypes.ts";
import { contains } from "./contour.ts";

export interface Mask {
  data: Uint8Array;
  rows: number;
  columns: number;
}

export function emptyMask(rows: number, columns: number): Mask {
  return { data: new Uint8Array(rows * columns), rows, columns };
}

export function rasterise(polygon: readonly Point[], rows: number, columns: number): Mask {
  const mask = emptyMask(rows, columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      if (contains(polygon, [r, c])) mask.data[r * columns + c] = 1;
    }
  }
  return mask;
}

/** A copy with a round brush laid on; `radius` in pixels. */
export function painted(mask: Mask, [row, column]: Point, radius: number, on: boolean): Mask {
  const data = mask.data.slice();
  for (let r = 0; r < mask.rows; r++) {
    for (let c = 0; c < mask.columns; c++) {
      if (Math.hypot(r - row, c - column) <= radius) data[r * mask.columns + c] = on ? 1 : 0;
    }
  }
  return { ...mask, data };
}

/** One pixel more (by > 0) or less all around. */
export function grown(mask: Mask, by: 1 | -1): Mask {
  const data = mask.data.slice();
  const wanted = by > 0 ? 1 : 0;
  for (let r = 0; r < mask.rows; r++) {
    for (let c = 0; c < mask.columns; c++) {
      const near = [
        [r - 1, c],
        [r + 1, c],
        [r, c - 1],
        [r, c + 1],
      ].some(([y = 0, x = 0]) => at(mask, y, x) === wanted);
      if (near) data[r * mask.columns + c] = wanted;
    }
  }
  return { ...mask, data };
}

export function countOf(mask: Mask): number {
  return mask.data.reduce((sum, v) => sum + v, 0);
}

function at({ data, rows, columns }: Mask, r: number, c: number): number {
  return r < 0 || c < 0 || r >= rows || c >= columns ? 0 : (data[r * columns + c] as number);
}

/** The largest patch of pixels that touch along an edge. */
export function largestPatch(mask: Mask): Mask {
  const seen = new Uint8Array(mask.data.length);
  let best: number[] = [];
  for (let start = 0; start < mask.data.length; start++) {
    if (!mask.data[start] || seen[start]) continue;
    const patch: number[] = [];
    const stack = [start];
    seen[start] = 1;
    while (stack.length) {
      const index = stack.pop() as number;
      patch.push(index);
      const [r, c] = [Math.floor(index / mask.columns), index % mask.columns];
      for (const [y, x] of [
        [r - 1, c],
        [r + 1, c],
        [r, c - 1],
        [r, c + 1],
      ] as const) {
        const next = y * mask.columns + x;
        if (at(mask, y, x) && !seen[next]) {
          seen[next] = 1;
          stack.push(next);
        }
      }
    }
    if (patch.length > best.length) best = patch;
  }
  const data = new Uint8Array(mask.data.length);
  for (const index of best) data[index] = 1;
  return { ...mask, data };
}

/** The outer border of the largest patch along pixel edges; holes are filled. Empty: none. */
export function outlineOf(mask: Mask): Point[] {
  const patch = largestPatch(mask);
  const start = patch.data.indexOf(1);
  if (start < 0) return [];
  // Corners are [row, column] of pixel corners in half steps: pixel (r, c) covers r +- 0.5.
  let row = Math.floor(start / mask.columns) - 0.5;
  let column = (start % mask.columns) - 0.5;
  // Walk with the patch on the right hand; directions: right, down, left, up.
  const steps: Point[] = [
    [0, 1],
    [1, 0],
    [0, -1],
    [-1, 0],
  ];
  let direction = 0;
  const points: Point[] = [];
  const [firstRow, firstColumn] = [row, column];
  do {
    const [dr, dc] = steps[direction] as Point;
    const [rightDr, rightDc] = steps[(direction + 1) % 4] as Point;
    const ahead = [row + dr * 0.5, column + dc * 0.5] as const;
    const inside = (side: 1 | -1) =>
      at(
        patch,
        Math.round(ahead[0] + side * rightDr * 0.5),
        Math.round(ahead[1] + side * rightDc * 0.5),
      );
    if (inside(-1)) {
      direction = (direction + 3) % 4;
    } else if (inside(1)) {
      const last = points.at(-1);
      const before = points.at(-2);
      const straight = last && before && (last[0] - before[0]) * dc === (last[1] - before[1]) * dr;
      if (straight) points.pop();
      row += dr;
      column += dc;
      points.push([row, column]);
    } else {
      direction = (direction + 1) % 4;
    }
  } while (row !== firstRow || column !== firstColumn || points.length === 0);
  return points;
}
