/** Changes to an analysis that a reader has made and not yet had computed. Pure values. */

import type { Point } from "../api/basicTypes.ts";
import type { RunParameters, RunRequest } from "../api/imageTypes.ts";

export interface Repair {
  /** Run that the changes build on. */
  run: number;
  /** Blood pool per acquisition; null: back to the one that the analysis finds. */
  polygons: Record<string, Point[] | null>;
  /** Frames left out, the whole list per acquisition or slice. */
  aifFrames: Record<string, number[]>;
  frames: Record<string, number[]>;
  haematocrit: number | null;
  /** Models to compute beside the main one; null: as the run has them. */
  models: string[] | null;
}

export type FrameOwner = "aifFrames" | "frames";

export function noRepair(run: number): Repair {
  return { run, polygons: {}, aifFrames: {}, frames: {}, haematocrit: null, models: null };
}

export function isEmpty(repair: Repair): boolean {
  return (
    repair.haematocrit === null &&
    repair.models === null &&
    [repair.polygons, repair.aifFrames, repair.frames].every((p) => Object.keys(p).length === 0)
  );
}

const STORED = { aifFrames: "aif_excluded_frames", frames: "excluded_frames" } as const;

/** Frames that are left out when the changes are made; without changes those of the run. */
export function leftOut(
  repair: Repair | null,
  parameters: RunParameters,
  owner: FrameOwner,
  key: string,
): number[] {
  return repair?.[owner][key] ?? parameters[STORED[owner]][key] ?? [];
}

/** Leave a frame out, or use it again; a list that is the run's own again is no change. */
export function toggleFrame(
  repair: Repair,
  parameters: RunParameters,
  owner: FrameOwner,
  key: string,
  frame: number,
): Repair {
  const now = leftOut(repair, parameters, owner, key);
  const next = now.includes(frame)
    ? now.filter((one) => one !== frame)
    : [...now, frame].toSorted((a, b) => a - b);
  const own = parameters[STORED[owner]][key] ?? [];
  const { [key]: _, ...others } = repair[owner];
  return {
    ...repair,
    [owner]: String(next) === String(own) ? others : { ...others, [key]: next },
  };
}

/** Draw a blood pool (null: take the run's drawn one back). */
export function withPolygon(
  repair: Repair,
  parameters: RunParameters,
  key: string,
  polygon: Point[] | null,
): Repair {
  const { [key]: _, ...others } = repair.polygons;
  const nothing = polygon === null && !parameters.aif_lv_polygons_rc[key];
  return { ...repair, polygons: nothing ? others : { ...others, [key]: polygon } };
}

export function withHaematocrit(
  repair: Repair,
  parameters: RunParameters,
  value: number | null,
): Repair {
  const same = value === parameters.haematocrit && !parameters.haematocrit_assumed;
  return { ...repair, haematocrit: same ? null : value };
}

/** Compute a model beside the main one, or no longer. */
export function withModel(repair: Repair, parameters: RunParameters, model: string): Repair {
  const now = repair.models ?? parameters.other_models;
  const next = now.includes(model) ? now.filter((one) => one !== model) : [...now, model];
  const same = String(next.toSorted()) === String(parameters.other_models.toSorted());
  return { ...repair, models: same ? null : next };
}

export function requestOf(repair: Repair, reason: string): RunRequest {
  const some = <T>(part: Record<string, T>) => (Object.keys(part).length > 0 ? part : undefined);
  return {
    parent: repair.run,
    reason,
    ...(repair.models === null ? {} : { other_models: repair.models }),
    ...(repair.haematocrit === null ? {} : { haematocrit: repair.haematocrit }),
    excluded_frames: some(repair.frames),
    aif_excluded_frames: some(repair.aifFrames),
    aif_lv_polygons_rc: some(repair.polygons),
  };
}
