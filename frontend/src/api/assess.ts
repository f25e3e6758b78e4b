/** What a reader enters beside values and contours, and what the server makes of it. */

import type { Condition, Territory } from "./basicTypes.ts";

type Signed = { author: string; at: string; revision: number };

export type Grade = 1 | 2 | 3 | 4;
export type Score = 0 | 1 | 2 | 3;
export type ClinicalValues = Record<string, string | number>;
export interface Territories {
  preset: "standard" | "left" | "right" | "custom";
  segments: Record<string, Territory>;
}

/** Parts of the reading as they were entered. Keys of the inner records are segments or slices. */
export interface Entered {
  quality: Record<string, Signed & { grade: Grade; comment: string }>;
  visual: Partial<Record<Condition, Record<string, Signed & { score: Score }>>>;
  scar: Record<string, Signed & { transmurality: string; note: string }>;
  clinical: ClinicalValues;
  territories: Territories;
  statuses: Partial<Record<Condition, Record<string, Signed & { reason: string }>>>;
  comparison: { reading?: number; study_date?: string | null };
}

export interface Criterion {
  words: string;
  says: "supports" | "against" | "open";
}

export interface CorrectedRow {
  rest: number;
  rest_error: number | null;
  mpr: number | null;
  mpr_error: number | null;
}

/** What follows from what was entered; computed on the server, once. */
export interface Summary {
  warnings: string[];
  measured_heart_rate: Record<"stress" | "rest", number | null>;
  haematocrit: { value: number } | null;
  adequacy: {
    judgement: string | null;
    note: string;
    criteria: Criterion[];
    caution: string | null;
  };
  rate_pressure: {
    rest: number | null;
    stress: number | null;
    reference: number;
    reason: string | null;
    rows: Record<string, CorrectedRow>;
  };
  references: {
    ranges: {
      name: string;
      condition: Condition | "mpr";
      mean: number;
      sd: number;
      unit: string;
      source: string;
    }[];
    reasons: string[];
  };
  scores: Record<"stress" | "rest" | "difference", number | null> &
    Record<"stress_segments" | "rest_segments" | "difference_segments", number> & {
      percent: number | null;
    };
  burden: {
    ischaemic: number[];
    segments: number;
    percent_of_lv: number;
    transmural: number[];
    subendocardial: number[];
    not_assessable: number[];
    scored: number;
    inner_less: number[] | null;
    endo_epi_limit: number | null;
    endo_epi_source: string | null;
  } | null;
  territories: string;
}

export interface ClinicalField {
  name: string;
  words: string;
  options?: [value: string, words: string][];
  unit?: string;
  possible?: [low: number, high: number];
}

/** The choices of the forms, in words. */
export interface Vocabulary {
  clinical: ClinicalField[];
  dose_units: Record<string, string>;
  quality: [grade: Grade, words: string][];
  causes: [cause: string, words: string][];
  scores: [score: Score, words: string][];
  transmurality: [value: string, words: string][];
}

export interface Suggestions {
  findings: string[];
  impression: string[];
}

export type AssessEdit =
  | { kind: "quality"; slice: string; grade: Grade | null; comment?: string }
  | { kind: "visual"; condition: Condition; segments: number[]; score: Score | null }
  | { kind: "scar"; segment: number; transmurality: string | null; note?: string }
  | { kind: "clinical"; clinical: ClinicalValues }
  | { kind: "territories"; territories: Territories }
  | { kind: "comparison"; prior: number | null };

type Amounts = Record<"stress" | "rest" | "mpr", number | null>;

/** GET /api/studies/<id>/priors/ */
export interface Prior {
  reading: number;
  study: number;
  study_date: string | null;
  description: string;
  signed_by: string;
  method: string;
  values: Record<string, Amounts>;
  /** What the user sees now minus this prior, by row of the table. */
  difference: Record<string, Amounts>;
  /** Why the two may not compare; null: they do. */
  unlike: string | null;
}
