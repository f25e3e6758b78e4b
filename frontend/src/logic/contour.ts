/** Geometry of closed contours while a reader edits them; numbers stay with the server. */

import type { Contours } from "../api/analysisTypes.ts";
import type { Point } from "../api/basicTypes.ts";

export function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** Even-odd, as the server rasterises. */
export function contains(polygon: readonly Point[], [row, column]: Point): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [r1, c1] = polygon[i] as Point;
    const [r2, c2] = polygon[j] as Point;
    if (r1 > row !== r2 > row && column < ((c2 - c1) * (row - r1)) / (r2 - r1) + c1) {
      inside = !inside;
    }
  }
  return inside;
}

/** Signed area in square pixels (shoelace); the sign is the turning sense. */
export function signedArea(polygon: readonly Point[]): number {
  let sum = 0;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [r1, c1] = polygon[j] as Point;
    const [r2, c2] = polygon[i] as Point;
    sum += c1 * r2 - c2 * r1;
  }
  return sum / 2;
}

export function perimeter(polygon: readonly Point[]): number {
  return polygon.reduce(
    (sum, point, i) => sum + distance(point, polygon[(i + 1) % polygon.length] as Point),
    0,
  );
}

/** Evenly spaced points along a closed polygon, starting at its first point. */
export function resample(polygon: readonly Point[], count: number): Point[] {
  const total = perimeter(polygon);
  if (polygon.length < 2 || total === 0) return [...polygon];
  const points: Point[] = [];
  let edge = 0;
  let before = 0;
  for (let k = 0; k < count; k++) {
    const target = (total * k) / count;
    let from = polygon[edge % polygon.length] as Point;
    let to = polygon[(edge + 1) % polygon.length] as Point;
    let length = distance(from, to);
    while (before + length < target && edge < polygon.length) {
      before += length;
      edge += 1;
      from = polygon[edge % polygon.length] as Point;
      to = polygon[(edge + 1) % polygon.length] as Point;
      length = distance(from, to);
    }
    const share = length === 0 ? 0 : (target - before) / length;
    points.push([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]);
  }
  return points;
}

/** About `handles` indices of an existing contour that serve as drag handles. */
export function handleIndices(polygon: readonly Point[], handles = 16): number[] {
  const step = Math.max(1, polygon.length / handles);
  const indices: number[] = [];
  for (let i = 0; i < polygon.length - step / 2; i += step) indices.push(Math.round(i));
  return [...new Set(indices)].filter((i) => i < polygon.length);
}

/**
 * Move one point and let its neighbours along the contour follow, fading as a cosine over
 * `reach` pixels of contour length on either side. All other points stay bit for bit.
 */
export function dragPoint(
  polygon: readonly Point[],
  index: number,
  to: Point,
  reach: number,
): Point[] {
  const start = polygon[index];
  if (!start) return [...polygon];
  const shift: Point = [to[0] - start[0], to[1] - start[1]];
  const moved = [...polygon];
  moved[index] = to;
  for (const direction of [1, -1]) {
    let along = 0;
    for (let k = 1; k < polygon.length / 2; k++) {
      const at = wrap(index + direction * k, polygon.length);
      const previous = polygon[wrap(at - direction, polygon.length)] as Point;
      const point = polygon[at] as Point;
      along += distance(point, previous);
      if (along >= reach) break;
      const weight = 0.5 + 0.5 * Math.cos((Math.PI * along) / reach);
      moved[at] = [point[0] + weight * shift[0], point[1] + weight * shift[1]];
    }
  }
  return moved;
}

function wrap(index: number, length: number): number {
  return ((index % length) + length) % length;
}

/**
 * Push a contour with a round tool: points within `radius` of the centre are moved to its rim.
 * Started inside the contour it pushes outwards, outside it pushes inwards.
 */
export function sculpt(polygon: readonly Point[], centre: Point, radius: number): Point[] {
  return polygon.map((point) => {
    const away = distance(point, centre);
    if (away >= radius) return point;
    if (away < 1e-6) return [point[0] - radius, point[1]];
    const grow = radius / away;
    return [centre[0] + (point[0] - centre[0]) * grow, centre[1] + (point[1] - centre[1]) * grow];
  });
}

/** Keep edges of a sculpted contour short enough to bend: insert midpoints, drop crowded points. */
export function relax(polygon: readonly Point[], longest = 3, shortest = 0.6): Point[] {
  const points: Point[] = [];
  polygon.forEach((point, i) => {
    const last = points[points.length - 1];
    if (last && distance(last, point) < shortest && i < polygon.length - 1) return;
    if (last && distance(last, point) > longest) {
      const pieces = Math.ceil(distance(last, point) / longest);
      for (let k = 1; k < pieces; k++) {
        const share = k / pieces;
        points.push([
          last[0] + share * (point[0] - last[0]),
          last[1] + share * (point[1] - last[1]),
        ]);
      }
    }
    points.push(point);
  });
  return points;
}

/** A freehand stroke as a closed contour: evenly resampled, lightly smoothed; null if too small. */
export function closeStroke(stroke: readonly Point[], count = 64): Point[] | null {
  if (stroke.length < 8 || Math.abs(signedArea(stroke)) < 12) return null;
  const even = resample(stroke, count);
  return even.map((point, i) => {
    const before = even[wrap(i - 1, count)] as Point;
    const after = even[wrap(i + 1, count)] as Point;
    return [(before[0] + 2 * point[0] + after[0]) / 4, (before[1] + 2 * point[1] + after[1]) / 4];
  });
}

export function centroid(polygon: readonly Point[]): Point {
  const area = signedArea(polygon);
  if (Math.abs(area) < 1e-9) return polygon[0] ?? [0, 0];
  let row = 0;
  let column = 0;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [r1, c1] = polygon[j] as Point;
    const [r2, c2] = polygon[i] as Point;
    const cross = c1 * r2 - c2 * r1;
    row += (r1 + r2) * cross;
    column += (c1 + c2) * cross;
  }
  return [row / (6 * area), column / (6 * area)];
}

export type ContourProblem = "endo-outside-epi" | "too-small" | "crossing";

/** What makes a pair of contours unusable, or null; checked before anything is sent. */
export function contourProblem({ endo_rc, epi_rc }: Contours): ContourProblem | null {
  if (epi_rc.length < 3 || Math.abs(signedArea(epi_rc)) < 12) return "too-small";
  if (crossesItself(epi_rc)) return "crossing";
  if (!endo_rc) return null;
  if (endo_rc.length < 3 || Math.abs(signedArea(endo_rc)) < 4) return "too-small";
  if (crossesItself(endo_rc)) return "crossing";
  return endo_rc.every((point) => contains(epi_rc, point)) ? null : "endo-outside-epi";
}

export function crossesItself(polygon: readonly Point[]): boolean {
  const count = polygon.length;
  for (let i = 0; i < count; i++) {
    for (let j = i + 2; j < count; j++) {
      if (i === 0 && j === count - 1) continue;
      if (
        cross(
          polygon[i] as Point,
          polygon[i + 1] as Point,
          polygon[j] as Point,
          polygon[(j + 1) % count] as Point,
        )
      ) {
        return true;
      }
    }
  }
  return false;
}

function cross(a: Point, b: Point, c: Point, d: Point): boolean {
  const side = (p: Point, q: Point, r: Point) =>
    (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

export function pathOf(polygon: readonly Point[], closed = true): string {
  if (polygon.length === 0) return "";
  const steps = polygon.map(([row, column]) => `${column.toFixed(3)} ${row.toFixed(3)}`);
  return `M${steps.join("L")}${closed ? "Z" : ""}`;
}
