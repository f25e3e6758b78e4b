/** Leaving frames out of a slice. */

import type { ViewerState } from "../api/readingTypes.ts";
import { toggleFrame } from "../logic/repair.ts";
import { changeRepair } from "../store/repair.ts";

/** Status of a frame that a reader left out of this run. */
export const LEFT_OUT_BY_READER = 7;

/** Leave one frame of a slice out, or use it again; a frame that is unusable anyway stays so. */
export function leaveOut(data: ViewerState, sliceKey: string, frame: number): void {
  const parameters = data.result_run?.parameters;
  const slice = data.acquisitions.flatMap((a) => a.slices).find((s) => s.key === sliceKey);
  const code = slice?.frame_status[frame];
  if (!parameters || !data.can_run || (code !== 0 && code !== LEFT_OUT_BY_READER)) return;
  changeRepair((repair) => toggleFrame(repair, parameters, "frames", sliceKey, frame));
}
