/** The invented heart: contours, sectors, true flow and boluses. */

import type { Contours, SectorOutline } from "../src/api/analysisTypes.ts";
import type { Condition, Point, Position, Territory } from "../src/api/basicTypes.ts";

export const ROWS = 120;
export const COLUMNS = 160;
export const FRAMES = 60;
export const SPACING: [number, number] = [1.9, 1.9];

export const NAMES = [
  "BasAnt",
  "BasAntSep",
  "BasInfSep",
  "BasInf",
  "BasInfLat",
  "BasAntLat",
  "MidAnt",
  "MidAntSep",
  "MidInfSep",
  "MidInf",
  "MidInfLat",
  "MidAntLat",
  "ApAnt",
  "ApSep",
  "ApInf",
  "ApLat",
];
export const TERRITORY: Territory[] = [
  "LAD",
  "LAD",
  "RCA",
  "RCA",
  "LCx",
  "LCx",
  "LAD",
  "LAD",
  "RCA",
  "RCA",
  "LCx",
  "LCx",
  "LAD",
  "LAD",
  "RCA",
  "LCx",
];

export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function ring(centre: Point, radius: number, wobble: number, count = 72): Point[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    const r = radius * (1 + wobble * Math.cos(2 * angle + 0.6));
    return [centre[0] - r * Math.sin(angle), centre[1] + r * Math.cos(angle)];
  });
}

export const RADIUS: Record<Position, [endo: number, epi: number]> = {
  basal: [13, 19],
  mid: [12, 18],
  apical: [8, 13.5],
};
export const FIRST: Record<Position, number> = { basal: 1, mid: 7, apical: 13 };

export function contoursOf(position: Position, shift = 0): Contours {
  const centre: Point = [62 + shift, 88 + shift];
  const [endo, epi] = RADIUS[position];
  const insertion = (degrees: number): Point => {
    const angle = (degrees * Math.PI) / 180;
    return [centre[0] - epi * Math.sin(angle), centre[1] + epi * Math.cos(angle)];
  };
  return {
    endo_rc: ring(centre, endo, 0.05),
    epi_rc: ring(centre, epi, 0.03),
    rv_insertion_anterior_rc: insertion(120),
    rv_insertion_inferior_rc: insertion(240),
    lv_centre_rc: centre,
  };
}

function angleOf([row, column]: Point, centre: Point): number {
  return ((Math.atan2(centre[0] - row, column - centre[1]) * 180) / Math.PI + 360) % 360;
}

/** Angular wedges between the contours, starting at the anterior insertion. */
export function sectorsOf(contours: Contours, position: Position): SectorOutline[] {
  const count = position === "apical" ? 4 : 6;
  const width = 360 / count;
  const { lv_centre_rc: centre, endo_rc, epi_rc } = contours;
  const anterior = contours.rv_insertion_anterior_rc;
  const zero = (anterior ? angleOf(anterior, centre) : 120) - 120;
  const at = (polygon: Point[], degrees: number): Point => {
    let best = polygon[0] as Point;
    let least = 360;
    for (const point of polygon) {
      const away = Math.abs(((angleOf(point, centre) - degrees + 540) % 360) - 180);
      if (away < least) [best, least] = [point, away];
    }
    return best;
  };
  return Array.from({ length: count }, (_, i) => {
    const start = zero + (count === 4 ? 45 : 60) + width * i;
    const steps = Array.from({ length: 13 }, (_, k) => start + 1 + ((width - 2) * k) / 12);
    const outer = steps.map((a) => at(epi_rc, a));
    const inner = steps.map((a) => at(endo_rc ?? [centre], a)).toReversed();
    const [a, b] = [outer[6] as Point, inner[6] as Point];
    const segment = FIRST[position] + i;
    return {
      segment,
      territory: TERRITORY[segment - 1] as Territory,
      outline_rc: [...outer, ...inner],
      label_rc: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2],
    };
  });
}

export function bolus(time: number, arrival: number, width: number): number {
  const x = Math.max(0, time - arrival) / width;
  return x * x * Math.exp(2 - 2 * x) + 0.12 * (1 - Math.exp(-x / 3));
}

export const trueFlow = (condition: Condition, segment: number): number => {
  const defect = TERRITORY[segment - 1] === "RCA" ? 0.55 : 1;
  return condition === "rest" ? 0.9 + 0.02 * (segment % 4) : (2.4 + 0.05 * (segment % 3)) * defect;
};
