/** From a drag on the image to a saved contour. */

import type { Contours, Slice } from "../api/analysisTypes.ts";
import type { Point } from "../api/basicTypes.ts";
import { contourProblem, distance, dragPoint, relax, sculpt } from "../logic/contour.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { draft, setDraft } from "../store/draft.ts";
import { commit, type EditRequest, study } from "../store/study.ts";

/** How far along the contour neighbours follow a dragged point. */
export const REACH_MM = 14;
const GRAB_PX = 16;

/** What the slice shows: edits on their way count already. */
export function shownContours(slice: Slice, waiting: readonly EditRequest[]): Contours | null {
  const last = waiting.findLast((edit) => "slice" in edit && edit.slice === slice.key);
  if (last?.kind === "contour") return last.contours;
  if (last?.kind === "contour_reset") return slice.automated_contours;
  return slice.contours;
}

export function commitContours(slice: Slice): void {
  const own = draft.getState().draft;
  if (own?.slice !== slice.key) return;
  setDraft(null);
  const problem = contourProblem(own.contours);
  if (problem) {
    study.setState({ rejected: t.tools.problems[problem] });
    return;
  }
  commit({ kind: "contour", slice: slice.key, contours: own.contours });
}

export type Grab =
  | { kind: "point"; contour: "endo_rc" | "epi_rc"; index: number }
  | { kind: "sculpt"; contour: "endo_rc" | "epi_rc"; radius: number }
  | { kind: "redraw"; contour: "endo_rc" | "epi_rc" }
  | {
      kind: "mark";
      mark: "rv_insertion_anterior_rc" | "rv_insertion_inferior_rc" | "lv_centre_rc";
    };

/** What a pointer that goes down at `point` takes hold of; pxPerPixel is the zoom. */
export function grabAt(
  slice: Slice,
  contours: Contours,
  point: Point,
  pxPerPixel: number,
): Grab | null {
  const { tool, contour, sculptRadiusMm } = display.getState();
  const chosen = contour === "endo" ? "endo_rc" : "epi_rc";
  if (tool === "redraw") return { kind: "redraw", contour: chosen };
  if (tool === "sculpt") {
    const radius = sculptRadiusMm / slice.pixel_spacing_mm[0];
    return { kind: "sculpt", contour: chosen, radius };
  }
  const reach = GRAB_PX / pxPerPixel;
  if (tool === "insertion") {
    const marks = (
      ["rv_insertion_anterior_rc", "rv_insertion_inferior_rc", "lv_centre_rc"] as const
    )
      .filter((mark) => contours[mark])
      .toSorted(
        (a, b) => distance(contours[a] as Point, point) - distance(contours[b] as Point, point),
      );
    const [nearest] = marks;
    // A click away from every mark places the anterior insertion, the one that sectors start at.
    return nearest && distance(contours[nearest] as Point, point) <= 2 * reach
      ? { kind: "mark", mark: nearest }
      : { kind: "mark", mark: "rv_insertion_anterior_rc" };
  }
  if (tool !== "points") return null;
  let best: Grab | null = null;
  let least = reach;
  for (const name of ["epi_rc", "endo_rc"] as const) {
    contours[name]?.forEach((candidate, index) => {
      const away = distance(candidate, point);
      if (away < least) {
        least = away;
        best = { kind: "point", contour: name, index };
      }
    });
  }
  return best;
}

/** The contours after the pointer has moved on with what it holds. */
export function moved(
  slice: Slice,
  start: Contours,
  now: Contours,
  grab: Grab,
  to: Point,
): Contours {
  switch (grab.kind) {
    case "mark":
      return { ...start, [grab.mark]: to };
    case "point": {
      const polygon = start[grab.contour] ?? [];
      // A far drag takes more of the contour along, or it would leave a spike.
      const far = distance(polygon[grab.index] ?? to, to);
      const reach = Math.max(REACH_MM / slice.pixel_spacing_mm[0], 2 * far);
      return { ...start, [grab.contour]: dragPoint(polygon, grab.index, to, reach) };
    }
    case "sculpt":
      return {
        ...now,
        [grab.contour]: relax(sculpt(now[grab.contour] ?? [], to, grab.radius)),
      };
    case "redraw":
      return now;
  }
}
