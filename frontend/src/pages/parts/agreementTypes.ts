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
  scanner_model: string[];
  sequence_class: string[];
  version: string[];
}

export interface Agreement {
  pairs: number;
  studies: number;
  /** What is subtracted from what: second - first. */
  labels: [first: string, second: string];
  unit: string;
  /** Share of values by how they came about. */
  edited_share: Partial<Record<Point["source"], number>>;
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
  contours: {
    readings: number;
    slices: number;
    figures: Record<string, { mean: number; sd: number | null; slices: number }>;
  } | null;
  drift: Chart[];
  choices: Choices;
}

/** Differences over time of one version, with its own limits. */
export interface Chart {
  version: string;
  centre: number | null;
  lower: number | null;
  upper: number | null;
  points: { study: number; at: string; difference: number; outside: boolean }[];
}
