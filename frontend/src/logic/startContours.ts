/** Contours to begin with where none were found: round guesses that a reader then corrects. */

import type { Contours } from "../api/analysisTypes.ts";
import type { Point } from "../api/basicTypes.ts";
import { centroid } from "./contour.ts";

const EPI_RADIUS_MM = 32;
/** The cavity's share of the outer radius. */
const ENDO_SHARE = 0.65;
const POINTS = 64;

/** A round heart of usual size about a point. */
export function roundContours(
  centre: Point,
  [rowMm, columnMm]: readonly [number, number],
): Contours {
  const epi = Array.from({ length: POINTS }, (_, i): Point => {
    const angle = (2 * Math.PI * i) / POINTS;
    return [
      centre[0] + (EPI_RADIUS_MM / rowMm) * Math.sin(angle),
      centre[1] + (EPI_RADIUS_MM / columnMm) * Math.cos(angle),
    ];
  });
  return contoursAround(epi);
}

/** Cavity, centre and insertion that go with an outer contour; the insertion lies up and left. */
export function contoursAround(epi: readonly Point[]): Contours {
  const centre = centroid(epi);
  const upAndLeft = ([row, column]: Point) => -(row - centre[0]) - (column - centre[1]);
  const insertion = epi.reduce((best, point) =>
    upAndLeft(point) > upAndLeft(best) ? point : best,
  );
  return {
    epi_rc: [...epi],
    endo_rc: epi.map(([row, column]) => [
      centre[0] + ENDO_SHARE * (row - centre[0]),
      centre[1] + ENDO_SHARE * (column - centre[1]),
    ]),
    rv_insertion_anterior_rc: insertion,
    rv_insertion_inferior_rc: null,
    lv_centre_rc: centre,
  };
}
