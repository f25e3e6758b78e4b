/**
 * An invented study for looking at the viewer without a server: two conditions, three slices,
 * defects in the inferior wall. Not a simulation of physics; the server's phantom is.
 */

import type {
  AcquisitionView,
  ArrayRef,
  Condition,
  Contours,
  Flag,
  Point,
  Position,
  SectorOutline,
  Slice,
  TableRow,
  Territory,
  ViewerState,
} from "../src/api/types.ts";
import { contains } from "../src/logic/contour.ts";

export const ROWS = 120;
export const COLUMNS = 160;
export const FRAMES = 60;
const SPACING: [number, number] = [1.9, 1.9];

const NAMES = [
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
const TERRITORY: Territory[] = [
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

export interface Fixture {
  state: ViewerState;
  arrays: Map<string, Uint8Array>;
  /** Blood flow per slice, to measure edited contours. */
  flow: Map<string, Float32Array>;
}

export interface FixtureOptions {
  conditions?: Condition[];
  positions?: Position[];
  quantity?: "mbf" | "relative_upslope";
  /** Pixels (one byte per value) only where a test or a picture needs them. */
  pixels?: boolean;
}

function random(seed: number): () => number {
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

const RADIUS: Record<Position, [endo: number, epi: number]> = {
  basal: [13, 19],
  mid: [12, 18],
  apical: [8, 13.5],
};
const FIRST: Record<Position, number> = { basal: 1, mid: 7, apical: 13 };

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

function bolus(time: number, arrival: number, width: number): number {
  const x = Math.max(0, time - arrival) / width;
  return x * x * Math.exp(2 - 2 * x) + 0.12 * (1 - Math.exp(-x / 3));
}

const trueFlow = (condition: Condition, segment: number): number => {
  const defect = TERRITORY[segment - 1] === "RCA" ? 0.55 : 1;
  return condition === "rest" ? 0.9 + 0.02 * (segment % 4) : (2.4 + 0.05 * (segment % 3)) * defect;
};

export function makeFixture({
  conditions = ["stress", "rest"],
  positions = ["basal", "mid", "apical"],
  quantity = "mbf",
  pixels = true,
}: FixtureOptions = {}): Fixture {
  const arrays = new Map<string, Uint8Array>();
  const flow = new Map<string, Float32Array>();
  const keep = (
    name: string,
    data: Uint16Array | Float32Array,
    shape: number[],
    unit: string,
    scale = 1,
  ): ArrayRef => {
    const url = `/api/runs/1/arrays/${name}`;
    arrays.set(url, new Uint8Array(data.buffer));
    return {
      url,
      dtype: data instanceof Uint16Array ? "uint16" : "float32",
      shape,
      scale,
      offset: data instanceof Uint16Array ? -scale : 0,
      unit,
    };
  };
  const relative = quantity !== "mbf";
  const acquisitions = conditions.map((condition): AcquisitionView => {
    const interval = condition === "stress" ? 0.62 : 0.9;
    const time_s = Array.from({ length: FRAMES }, (_, i) =>
      Number(((i - 3) * interval).toFixed(3)),
    );
    const aif = time_s.map((t) => (t < 0 ? null : 4.4 * bolus(t, 5, 3.2)));
    return {
      key: condition,
      condition,
      sequence: relative ? "single" : "dual",
      model: relative ? "upslope" : "BTEX",
      field_strength_t: 3,
      heart_rate_bpm: Math.round(60 / interval),
      quantity,
      unit: relative ? "relative" : "ml/min/g",
      aif: {
        source: relative ? "image" : "dual",
        unit: relative ? "signal" : "mmol/L",
        time_s,
        gd: aif,
        gd_uncorrected: aif.map((v) => (v === null ? null : v * (1 - 0.02 * v))),
        rv_gd: time_s.map((t) => (t < 0 ? null : 4.9 * bolus(t, 1.5, 2.6))),
        foot_s: 5.4,
        peak_s: 8.2,
        valley_s: 15.1,
        peak: Math.max(...aif.map((v) => v ?? 0)),
        first_pass_duration_s: 9.7,
        area: 21.3,
      },
      slices: positions.map((position) =>
        makeSlice({ condition, position, time_s, relative, pixels, keep, flow }),
      ),
    };
  });
  const state: ViewerState = {
    study: {
      id: 1,
      patient_name: "Phantom, Ada",
      patient_id: "SIM-0007",
      birth_date: "1965-03-14",
      sex: "F",
      study_date: "2026-11-18",
      accession_number: "A-20261118-07",
      description: "Adenosine stress + rest perfusion",
      site: "Site A",
      state: "ready",
    },
    run: {
      id: 1,
      state: "succeeded",
      stage: "",
      progress: 1,
      failure_message: "",
      pipeline_version: "0.1.0",
      models: { segmentation: "1" },
      outdated_reason: "",
      finished_at: "2026-11-20T09:58:00Z",
    },
    acquisitions,
    table: [],
    flags: makeFlags(relative),
    reading: null,
    can_read: true,
    can_sign: true,
    next_study_id: 2,
  };
  state.table = measure(state, flow, {});
  return { state, arrays, flow };
}

interface SliceOptions {
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

function makeSlice({
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
      if (contains(endo_rc ?? [], point)) tissue[i] = 2;
      else if (contains(epi_rc, point)) tissue[i] = 1;
      else if (right) tissue[i] = 3;
      else if (body && liver) tissue[i] = 4;
      else if (body) tissue[i] = 5;
      if (!body) continue;
      const segment = sectors.find((s) => contains(s.outline_rc, point))?.segment;
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

export interface Override {
  value: number;
  revision: number;
}

/** The table from the present contours and typed values, as the server would answer. */
export function measure(
  state: ViewerState,
  flow: Map<string, Float32Array>,
  overrides: Record<string, Override>,
): TableRow[] {
  const means = new Map<
    string,
    { now: number | null; automated: number | null; edited: boolean }
  >();
  for (const slice of state.acquisitions.flatMap((a) => a.slices)) {
    const map = flow.get(slice.key) ?? new Float32Array();
    const automated =
      slice.automated_contours && sectorsOf(slice.automated_contours, slice.position);
    for (const sector of slice.sectors) {
      means.set(`${slice.condition}${sector.segment}`, {
        now: meanIn(map, sector.outline_rc),
        automated: meanIn(
          map,
          automated?.find((s) => s.segment === sector.segment)?.outline_rc ?? [],
        ),
        edited: slice.edited,
      });
    }
  }
  const value = (condition: Condition, segment: number) => {
    const mean = means.get(`${condition}${segment}`);
    if (!mean) return null;
    const typed = overrides[`${condition}${segment}`];
    return {
      value: typed?.value ?? mean.now,
      standard_error: typed ? null : 0.08 + 0.01 * (segment % 4),
      endo: typed ? null : mean.now,
      epi: typed ? null : (mean.now ?? 0) * 1.03,
      endo_epi_ratio: typed ? null : 0.97,
      uncertainty: 0.08 + 0.01 * (segment % 5),
      pixels: 60,
      source: typed
        ? ("typed" as const)
        : mean.edited
          ? ("contour" as const)
          : ("automated" as const),
      automated_value: mean.automated,
      set_at_revision: typed?.revision ?? null,
      not_measured_reason: mean.now === null ? "The wall is missing over more than half." : null,
      flags: [],
    };
  };
  const summary = (condition: Condition, segments: number[]) => {
    const members = segments.map((n) => value(condition, n)).filter((v) => v !== null);
    if (members.length === 0) return null;
    const mean = (list: (number | null)[]) => {
      const known = list.filter((v) => v !== null);
      return known.length ? known.reduce((a, b) => a + b, 0) / known.length : null;
    };
    return {
      ...(members[0] as NonNullable<ReturnType<typeof value>>),
      value: mean(members.map((m) => m.value)),
      automated_value: mean(members.map((m) => m.automated_value)),
      standard_error: 0.04,
      uncertainty: null,
      source: members.some((m) => m.source !== "automated")
        ? ("contour" as const)
        : ("automated" as const),
    };
  };
  const rows: TableRow[] = NAMES.map((name, i) =>
    withRatio({
      segment: i + 1,
      name,
      territory: TERRITORY[i] as Territory,
      stress: value("stress", i + 1),
      rest: value("rest", i + 1),
      unknown: value("unknown", i + 1),
      mpr: null,
    }),
  );
  const all = NAMES.map((_, i) => i + 1);
  for (const name of ["LAD", "RCA", "LCx", "GLOBAL"] as const) {
    const members = name === "GLOBAL" ? all : all.filter((n) => TERRITORY[n - 1] === name);
    rows.push(
      withRatio({
        segment: name,
        name,
        territory: name === "GLOBAL" ? null : name,
        stress: summary("stress", members),
        rest: summary("rest", members),
        unknown: summary("unknown", members),
        mpr: null,
      }),
    );
  }
  return rows;
}

function withRatio(row: TableRow): TableRow {
  const [stress, rest] = [row.stress?.value ?? null, row.rest?.value ?? null];
  if (stress === null || rest === null) return row;
  const typed = row.stress?.source === "typed" || row.rest?.source === "typed";
  return {
    ...row,
    mpr: {
      value: stress / rest,
      standard_error: typed ? null : 0.2,
      automated_value: (row.stress?.automated_value ?? 0) / (row.rest?.automated_value ?? 1),
      reason: null,
      derived_from_typed: typed,
    },
  };
}

function meanIn(map: Float32Array, outline: Point[]): number | null {
  let sum = 0;
  let count = 0;
  const [rows, columns] = [outline.map((p) => p[0]), outline.map((p) => p[1])];
  for (let r = Math.ceil(Math.min(...rows)); r <= Math.max(...rows); r++) {
    for (let c = Math.ceil(Math.min(...columns)); c <= Math.max(...columns); c++) {
      const v = map[r * COLUMNS + c] ?? Number.NaN;
      if (!Number.isNaN(v) && contains(outline, [r, c])) {
        sum += v;
        count += 1;
      }
    }
  }
  return count ? sum / count : null;
}

function makeFlags(relative: boolean): Flag[] {
  const flag = (
    id: string,
    severity: Flag["severity"],
    message: string,
    slice: string | null,
    segment: number | null,
  ): Flag => ({
    id,
    code: id,
    severity,
    message,
    slice,
    segment,
    acknowledged: null,
  });
  return [
    flag("check", "check", "The contour is uncertain here.", "stress_mid", 10),
    flag(
      "motion",
      "check",
      "1 of 60 frames is left out: motion could not be corrected.",
      "rest_basal",
      null,
    ),
    ...(relative
      ? [
          flag(
            "single",
            "invalid",
            "Single sequence: values are relative, not quantitative.",
            null,
            null,
          ),
        ]
      : []),
    flag(
      "haematocrit",
      "information",
      "Haematocrit assumed 0.42; MBF does not depend on it.",
      null,
      null,
    ),
    flag(
      "agent",
      "information",
      "Contrast agent not in the header; gadobutrol assumed.",
      null,
      null,
    ),
  ];
}
