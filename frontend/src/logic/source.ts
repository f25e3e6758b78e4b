/** From a place in the reading grid to the image that it came from. */

import type { Slice } from "../api/analysisTypes.ts";
import type { Point } from "../api/basicTypes.ts";
import type { SourceSeries } from "../api/studyTypes.ts";

type Vector = [number, number, number];

export interface SourceStart {
  /** SOP Instance UID of the frame, and which of its frames where it has several. */
  uid: string;
  occurrence: number;
  seriesInstanceUid: string;
  /** Patient coordinates (mm) of the place, and how much of the image is shown around it. */
  world: Vector;
  fieldMm: number;
}

/** Patient coordinates of an image point: IPP + column * spacing * row direction + ... */
export function worldOf({ geometry, pixel_spacing_mm }: Slice, [row, column]: Point): Vector {
  const { position_mm, row_direction, column_direction } = geometry;
  return [0, 1, 2].map(
    (i) =>
      (position_mm[i] ?? 0) +
      column * pixel_spacing_mm[1] * (row_direction[i] ?? 0) +
      row * pixel_spacing_mm[0] * (column_direction[i] ?? 0),
  ) as Vector;
}

export function startAt(slice: Slice, frame: number, point: Point, fieldMm: number): SourceStart {
  const shown = Math.min(frame, slice.shape[0] - 1);
  const uids = slice.sop_instance_uids;
  const uid = uids[shown] ?? "";
  return {
    uid,
    occurrence: uids.slice(0, shown).filter((one) => one === uid).length,
    seriesInstanceUid: slice.series_instance_uid,
    world: worldOf(slice, point),
    fieldMm,
  };
}

/** The series and the index of the image; the first image of the first series if unknown. */
export function findImage(
  series: readonly SourceSeries[],
  start: SourceStart | null,
): { series: SourceSeries; index: number; exact: boolean } | null {
  const shown = series.filter((one) => one.image_urls.length > 0);
  if (start) {
    for (const one of shown) {
      const first = start.uid ? one.image_uids.indexOf(start.uid) : -1;
      if (first < 0) continue;
      const index = one.image_uids[first + start.occurrence] === start.uid ? start.occurrence : 0;
      return { series: one, index: first + index, exact: true };
    }
  }
  const same = shown.find((one) => one.series_instance_uid === start?.seriesInstanceUid);
  const found = same ?? shown[0];
  return found ? { series: found, index: 0, exact: false } : null;
}
