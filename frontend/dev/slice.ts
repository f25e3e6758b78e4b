/** Pixels, curves and geometry of one invented slice. */

import type { ArrayRef, Slice } from "../src/api/analysisTypes.ts";
import type { Condition, Point, Position } from "../src/api/basicTypes.ts";
import { contains } from "../src/logic/contour.ts";
import {
  bolus,
  COLUMNS,
  contoursOf,
  FIRST,
  FRAMES,
  RADIUS,
  ROWS,
  random,
  SPACING,
  sectorsOf,
  trueFlow,
} from "./anatomy.ts";

export interface SliceOptions {
  condition: Condition;
  position: Position;
  time_s: number[];
  relative: boolean;
  pixels: boolean;
  keep: (
    name: string,
    data: Uint16Array | Float32Array,
    shape: number[],
    unit: string,
    scale?: number,
  ) => ArrayRef;
  flow: Map<string, Float32Array>;
}

export function makeSlice({
  condition,
  position,
  time_s,
  relative,
  pixels,
  keep,
  flow,
}: SliceOptions): Slice {
  const key = `${condition}_${position}`;
  const contours = contoursOf(position, condition === "rest" ? 2 : 0);
  const sectors = sectorsOf(contours, position);
  const noise = random(key.length * 7919 + FIRST[position]);
  const size = ROWS * COLUMNS;
  const mbf = new Float32Array(size).fill(Number.NaN);
  const upslope = new Float32Array(size).fill(Number.NaN);
  const uncertainty = new Float32Array(size);
  const tissue = new Uint8Array(size);
  const { lv_centre_rc: centre, endo_rc, epi_rc } = contours;
  for (let r = 0; r < ROWS; r++) {
    for (let c = 0; c < COLUMNS; c++) {
      const i = r * COLUMNS + c;
      const point: Point = [r, c];
      const away = Math.hypot(r - centre[0], c - centre[1]);
      const body = ((r - 60) / 54) ** 2 + ((c - 80) / 72) ** 2 < 1;
      const right = Math.hypot((r - centre[0]) / 1.5, c - centre[1] + 31) < 13.5;
      const liver = Math.hypot(r - 108, c - 46) < 26;
      const near = away < 1.2 * RADIUS[position][1];
      if (near && contains(endo_rc ?? [], point)) tissue[i] = 2;
      else if (near && contains(epi_rc, point)) tissue[i] = 1;
      else if (right) tissue[i] = 3;
      else if (body && liver) tissue[i] = 4;
      else if (body) tissue[i] = 5;
      if (!body) continue;
      const segment =
        tissue[i] === 1 ? sectors.find((s) => contains(s.outline_rc, point))?.segment : undefined;
      const level =
        tissue[i] === 1
          ? trueFlow(condition, segment ?? FIRST[position])
          : tissue[i] === 2
            ? 7
            : tissue[i] === 3
              ? 0.02
              : tissue[i] === 4
                ? 2.6
                : 0.4 + 0.5 * Math.sin(r / 7) * Math.cos(c / 9);
      mbf[i] = Math.max(0, level * (1 + 0.25 * (noise() - 0.5)) + 0.3 * (noise() - 0.5));
      upslope[i] = (mbf[i] ?? 0) / 14;
      const rim = Math.min(
        ...[RADIUS[position][0], RADIUS[position][1]].map((x) => Math.abs(away - x)),
      );
      uncertainty[i] = 0.22 * Math.exp(-rim * rim * 0.6) * (0.6 + 0.8 * noise());
    }
  }
  flow.set(key, relative ? upslope : mbf);
  const curve = (segment: number) => {
    const f = trueFlow(condition, segment);
    const fit = time_s.map((t) => (t < 0 ? null : 0.24 * f * bolus(t, 7, 7)));
    return {
      segment,
      fit,
      gd: fit.map((v) => (v === null ? null : Number((v + 0.05 * (noise() - 0.5)).toFixed(4)))),
    };
  };
  const frame_status = time_s.map((t, i) => (t < 0 ? 1 : condition === "rest" && i === 40 ? 2 : 0));
  const words = ["used", "proton density", "motion could not be corrected"];
  const slice: Slice = {
    key,
    condition,
    position,
    series_instance_uid: `1.2.3.${key.length}.${FIRST[position]}`,
    shape: [FRAMES, ROWS, COLUMNS],
    pixel_spacing_mm: SPACING,
    geometry: {
      position_mm: [0, 0, 0],
      row_direction: [1, 0, 0],
      column_direction: [0, 1, 0],
    },
    motion: null,
    other_maps: {},
    time_s,
    frame_status,
    frame_status_words: frame_status.map((code) => words[code] ?? ""),
    sop_instance_uids: time_s.map((_, i) => `1.2.3.${key.length}.${FIRST[position]}.${i}`),
    arrays: {},
    standard_view: {
      matrix: [1, 0, 0, 0, 1, 0],
      edges: { top: "AH", right: "LP", bottom: "PF", left: "RA" },
      assumed: false,
    },
    automated_contours: contours,
    contours,
    edited: false,
    sectors,
    uncertainty: 0.12,
    out_of_distribution: condition === "rest" && position === "apical",
    segment_to_check: condition === "stress" && position === "mid" ? 10 : null,
    curves: sectors.map((s) => curve(s.segment)),
  };
  if (!pixels) return slice;
  const gains = [0, 0.75, 1, 1, 0.35, 0.3];
  const movie = new Uint16Array(FRAMES * size);
  const original = new Uint16Array(FRAMES * size);
  const gd = new Uint16Array(FRAMES * size);
  for (let t = 0; t < FRAMES; t++) {
    const time = time_s[t] ?? 0;
    const [lv, rv, wall] = [bolus(time, 5, 3.2), bolus(time, 1.5, 2.6), bolus(time, 7, 7)];
    const shift = Math.round(3 * Math.sin(t / 3));
    for (let i = 0; i < size; i++) {
      const kind = tissue[i] ?? 0;
      const agent =
        kind === 1
          ? wall * 0.24 * Math.min(4, mbf[i] ?? 0)
          : kind === 2
            ? lv * 4.4
            : kind === 3
              ? rv * 4.9
              : kind === 4
                ? wall * 0.5
                : 0.02;
      const light = (gains[kind] ?? 0) * (time < 0 ? 420 : 60 + 150 * Math.min(2.6, agent * 1.4));
      movie[t * size + i] = Math.max(1, Math.round(light + 24 * (noise() - 0.5) + 14));
      gd[t * size + i] =
        time < 0 ? 0 : 1 + Math.max(0, Math.round((agent + 0.1 * (noise() - 0.5)) / 0.001));
    }
    for (let r = 0; r < ROWS; r++) {
      const from = Math.min(ROWS - 1, Math.max(0, r - shift));
      original.set(
        movie.subarray(t * size + from * COLUMNS, t * size + (from + 1) * COLUMNS),
        t * size + r * COLUMNS,
      );
    }
  }
  const stack = [FRAMES, ROWS, COLUMNS];
  const plane = [ROWS, COLUMNS];
  slice.arrays = {
    movie: keep(`${key}.corrected`, movie, stack, "signal"),
    original: keep(`${key}.signal`, original, stack, "signal"),
    uncertainty: keep(`${key}.uncertainty`, uncertainty, plane, "1"),
    ...(relative
      ? { upslope: keep(`${key}.relative_upslope`, upslope, plane, "1") }
      : {
          gd: keep(`${key}.gd_mmol_per_l`, gd, stack, "mmol/L", 0.001),
          mbf: keep(`${key}.mbf`, mbf, plane, "ml/min/g"),
        }),
  };
  return slice;
}
