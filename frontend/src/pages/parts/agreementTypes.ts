/** GET /api/agreement/ */

export interface Interval {
  value: number;
  low: number;
  high: number;
}

export interface Point {
  study: number;
  segment: number;
  source: "automated" | "contour" | "typed" | "excluded";
  mean: number;
  difference: number;
}

export interface Choices {
  site: [id: number, name: string][];
  reader: [id: number, name: string][];
  field_strength_t: number[];
  manufacturer: string[];
  sequence_class: string[];
  pipeline_version: string[];
}

export interface Agreement {
  pairs: number;
  studies: number;
  edited_share: number | null;
  reasons: { reason: string; count: number }[];
  points: Point[];
  caution: string;
  missing_reason: string | null;
  bland_altman: {
    pairs: number;
    patients: number;
    bias: Interval;
    lower_limit: Interval;
    upper_limit: Interval;
  } | null;
  test: {
    patients: number;
    mean_difference: number;
    p_difference: number;
    margin: number;
    p_equivalence: number;
    equivalent: boolean;
  } | null;
  icc: Interval | null;
  cv: number | null;
  choices: Choices;
}
