/**
 * An invented study for looking at the viewer without a server: two conditions, three slices,
 * defects in the inferior wall. Not a simulation of physics; the server's phantom is.
 */

import type { AcquisitionView, ArrayRef, Flag } from "../src/api/analysisTypes.ts";
import type { Condition, Position } from "../src/api/basicTypes.ts";
import type { RunView } from "../src/api/imageTypes.ts";
import type { ViewerState } from "../src/api/readingTypes.ts";
import { bolus, FRAMES } from "./anatomy.ts";
import { measure } from "./measure.ts";
import { makeSlice } from "./slice.ts";

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
      other_models: [],
      other_values: [],
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
        images: null,
      },
      slices: positions.map((position) =>
        makeSlice({ condition, position, time_s, relative, pixels, keep, flow }),
      ),
    };
  });
  const run: RunView = {
    id: 1,
    state: "succeeded",
    stage: "",
    progress: 1,
    failure_message: "",
    pipeline_version: "0.1.0",
    models: { segmentation: "1" },
    outdated_reason: "",
    finished_at: "2026-11-20T09:58:00Z",
    parent: null,
    purpose: "first",
    purpose_words: "First analysis",
    requested_by: null,
    reason: "",
    changes: [],
    parameters: {
      haematocrit: 0.42,
      haematocrit_assumed: true,
      other_models: [],
      excluded_frames: {},
      aif_excluded_frames: {},
      aif_lv_polygons_rc: {},
    },
  };
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
      haematocrit: null,
    },
    run,
    result_run: run,
    acquisitions,
    table: [],
    flags: makeFlags(relative),
    ...makeAssessment(),
    reading: null,
    can_read: true,
    can_sign: true,
    can_classify: true,
    can_run: true,
    next_study_id: 2,
  };
  state.table = measure(state, flow, {});
  return { state, arrays, flow };
}

/** Nothing entered yet, and the choices of the forms. */
function makeAssessment(): Pick<ViewerState, "entered" | "summary" | "suggestions" | "vocabulary"> {
  return {
    entered: {
      quality: {},
      visual: {},
      scar: {},
      clinical: {},
      territories: { preset: "standard", segments: {} },
      statuses: {},
      comparison: {},
    },
    summary: {
      warnings: [],
      measured_heart_rate: { stress: 88, rest: 64 },
      haematocrit: { value: 0.42 },
      adequacy: { judgement: null, note: "", criteria: [], caution: null },
      rate_pressure: { rest: null, stress: null, reference: 9000, reason: "", rows: {} },
      references: { ranges: [], reasons: [] },
      scores: {
        stress: null,
        rest: null,
        difference: null,
        stress_segments: 0,
        rest_segments: 0,
        difference_segments: 0,
        percent: null,
      },
      burden: null,
      territories: "",
    },
    suggestions: { findings: ["Global MBF 2.40 ml/min/g at stress."], impression: [] },
    vocabulary: {
      clinical: [
        { name: "heart_rate_rest", words: "Heart rate at rest", unit: "/min", possible: [20, 250] },
        { name: "symptoms_note", words: "Symptoms in words" },
      ],
      dose_units: {},
      quality: [[1, "excellent"]],
      causes: [["motion", "motion"]],
      scores: [
        [0, "normal"],
        [1, "equivocal"],
        [2, "subendocardial defect"],
        [3, "transmural defect"],
      ],
      transmurality: [["0", "no scar"]],
    },
  };
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
    acquisition: slice?.split("_")[0] ?? null,
    slice,
    segment,
    acknowledged: null,
    answered_by_edit: false,
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
