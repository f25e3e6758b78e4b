/**
 * What the server sends to the viewer and accepts from it.
 *
 * Points are [row, column] in the slice's pixel grid, integers being pixel centres. Every clinical
 * number is computed on the server; null means "not measured" and comes with a reason.
 */

import type { AssessEdit, Entered, Suggestions, Summary, Vocabulary } from "./assess.ts";
import type { AifImages, RunView, SliceMotion } from "./imageTypes.ts";

export type Condition = "stress" | "rest" | "unknown";
export type Position = "basal" | "mid" | "apical";
export type Territory = "LAD" | "RCA" | "LCx";
export type Point = [row: number, column: number];

export interface Flag {
  /** Stable within the run: what acknowledgements refer to. */
  id: string;
  code: string;
  message: string;
  severity: "information" | "check" | "invalid";
  segment: number | null;
  /** Slice it concerns, e.g. "stress_mid"; null: the whole study. */
  slice: string | null;
  /** null: still open. */
  acknowledged: { by: string; at: string; comment: string } | null;
  /** An edit of the slice or the segment answers it as well. */
  answered_by_edit: boolean;
}

/** An immutable array on the server; little-endian, row-major. */
export interface ArrayRef {
  url: string;
  dtype: "uint8" | "uint16" | "float32";
  shape: number[];
  /** Physical value = stored * scale + offset (1 and 0 for floats); stored 0 in uint16: no value. */
  scale: number;
  offset: number;
  unit: string;
}

export interface Contours {
  endo_rc: Point[] | null;
  epi_rc: Point[];
  rv_insertion_anterior_rc: Point | null;
  rv_insertion_inferior_rc: Point | null;
  lv_centre_rc: Point;
}

/** Outline of one AHA segment, made by the server from the contours. */
export interface SectorOutline {
  segment: number;
  territory: Territory;
  outline_rc: Point[];
  label_rc: Point;
}

export interface Slice {
  /** e.g. "stress_mid" */
  key: string;
  condition: Condition;
  position: Position;
  series_instance_uid: string;
  shape: [frames: number, rows: number, columns: number];
  pixel_spacing_mm: [row: number, column: number];
  /** DICOM plane in the patient, mm. */
  geometry: {
    position_mm: [number, number, number];
    row_direction: [number, number, number];
    column_direction: [number, number, number];
  };
  motion: SliceMotion | null;
  time_s: number[];
  /** Per frame: 0 used, else why it is not in the fit; and the same in words. */
  frame_status: number[];
  frame_status_words: string[];
  sop_instance_uids: string[];
  /** Arrays that exist: movie (corrected signal), original (uncorrected), gd, mbf, uncertainty, upslope. */
  arrays: Partial<
    Record<"movie" | "original" | "gd" | "mbf" | "uncertainty" | "upslope", ArrayRef>
  >;
  /** Flow maps of other models, by model. */
  other_maps: Record<string, ArrayRef>;
  /**
   * How the slice is turned into the standard short-axis view: a 2x3 matrix, row by row, so that
   * right = m[0] column + m[1] row + m[2] and down = m[3] column + m[4] row + m[5], in pixels.
   * The viewer applies the pixel spacing itself. edges: patient directions, "" where not known.
   */
  standard_view: {
    matrix: [number, number, number, number, number, number];
    edges: { top: string; right: string; bottom: string; left: string };
    assumed: boolean;
  };
  automated_contours: Contours | null;
  contours: Contours | null;
  edited: boolean;
  sectors: SectorOutline[];
  uncertainty: number | null;
  out_of_distribution: boolean | null;
  segment_to_check: number | null;
  /** Mean gadolinium curve and mean model curve per segment at time_s (null where unused). */
  curves: { segment: number; gd: (number | null)[]; fit: (number | null)[] }[];
}

export interface Aif {
  source: "dual" | "image" | "none";
  unit: string;
  time_s: number[];
  gd: (number | null)[];
  gd_uncorrected: (number | null)[];
  rv_gd: (number | null)[];
  foot_s: number | null;
  peak_s: number | null;
  valley_s: number | null;
  peak: number | null;
  first_pass_duration_s: number | null;
  area: number | null;
  /** null: taken from a slice, there are no separate images. */
  images: AifImages | null;
}

export interface AcquisitionView {
  key: string;
  condition: Condition;
  sequence: "dual" | "single" | "gd" | "map";
  model: string;
  /** Models computed beside it for comparison, and what they measured with automated contours. */
  other_models: string[];
  other_values: OtherValue[];
  field_strength_t: number | null;
  heart_rate_bpm: number | null;
  /** What the numbers are: absolute flow, or relative indices that must not be read as flow. */
  quantity: "mbf" | "relative_upslope";
  unit: string;
  aif: Aif | null;
  slices: Slice[];
}

/** What another model than the acquisition's own measured. */
export interface OtherValue {
  model: string;
  segment: number | "GLOBAL";
  value: number | null;
  standard_error: number | null;
}

export interface SegmentValue {
  /** The value that counts: typed, else from edited contours, else automated. */
  value: number | null;
  standard_error: number | null;
  endo: number | null;
  epi: number | null;
  endo_epi_ratio: number | null;
  uncertainty: number | null;
  pixels: number;
  source: "automated" | "contour" | "typed" | "excluded";
  automated_value: number | null;
  set_at_revision: number | null;
  not_measured_reason: string | null;
  flags: string[];
}

export interface RatioValue {
  value: number | null;
  standard_error: number | null;
  automated_value: number | null;
  reason: string | null;
  derived_from_typed: boolean;
}

export interface TableRow {
  /** 1-16; territories "LAD" | "RCA" | "LCx"; "GLOBAL". */
  segment: number | Territory | "GLOBAL";
  name: string;
  territory: Territory | null;
  stress: SegmentValue | null;
  rest: SegmentValue | null;
  /** Of an acquisition whose condition nobody has named yet. */
  unknown: SegmentValue | null;
  mpr: RatioValue | null;
}

export interface ReportText {
  indication: string;
  findings: string;
  impression: string;
}

export interface ReadingView {
  id: number;
  state: "draft" | "signed" | "discarded";
  revision: number;
  reader: string;
  /** Whether this session's user may edit it now. */
  editable: boolean;
  saved_at: string;
  signed_at: string | null;
  signed_by: string | null;
  can_undo: boolean;
  can_redo: boolean;
  open_checks: number;
  report: ReportText;
  newer_run: boolean;
  addenda: { number: number; author: string; created_at: string; text: string }[];
}

/** GET /api/studies/<id>/viewer/ */
export interface ViewerState {
  study: {
    id: number;
    patient_name: string;
    patient_id: string;
    birth_date: string | null;
    sex: string;
    study_date: string | null;
    accession_number: string;
    description: string;
    site: string;
    state: string;
    /** Set for this study; null: an assumed one is used. */
    haematocrit: number | null;
  };
  /** The newest run where it is newer than the result that is shown, else that result's. */
  run: RunView | null;
  /** The run whose result is shown. */
  result_run: RunView | null;
  acquisitions: AcquisitionView[];
  table: TableRow[];
  flags: Flag[];
  entered: Entered;
  summary: Summary;
  suggestions: Suggestions;
  vocabulary: Vocabulary;
  reading: ReadingView | null;
  can_read: boolean;
  can_sign: boolean;
  /** May correct what a series was taken for; may start and cancel analyses. */
  can_classify: boolean;
  can_run: boolean;
  next_study_id: number | null;
}

/** POST /api/studies/<id>/runs/ {} repeats the analysis; POST /api/runs/<id>/cancel/ stops it. */

/** GET /api/studies/<id>/transmissions/; POST {destination} sends the newest result again. */
export interface Transmissions {
  may_send: boolean;
  destinations: string[];
  transmissions: {
    id: number;
    destination: string;
    publication: string;
    state: "queued" | "sending" | "sent" | "failed";
    attempts: number;
    objects_sent: number;
    next_attempt_at: string;
    last_error: string;
    finished_at: string | null;
  }[];
}

/** POST /api/studies/<id>/readings/ opens (or returns) this user's draft; body {}. -> EditResult */

/** POST /api/readings/<id>/edits/ */
export type Edit = { base_revision: number; reason?: string } & (
  | { kind: "contour"; slice: string; contours: Contours }
  | { kind: "contour_reset"; slice: string }
  | { kind: "override"; condition: Condition; segment: number; value: number; reason: string }
  | { kind: "override_reset"; condition: Condition; segment: number }
  | {
      kind: "segment_status";
      condition: Condition;
      segment: number;
      status: "diagnostic" | "non_diagnostic";
      reason: string;
      causes?: string[];
    }
  | { kind: "acknowledge"; flags: string[]; comment: string }
  | { kind: "report"; report: ReportText }
  | { kind: "undo" }
  | { kind: "redo" }
  | AssessEdit
);

/** Answer to an edit: the whole new state of what an edit can change. 409 -> ApiError "conflict". */
export interface EditResult {
  reading: ReadingView;
  table: TableRow[];
  flags: Flag[];
  entered: Entered;
  summary: Summary;
  suggestions: Suggestions;
  /** Slices whose contours, sectors or curves changed. */
  slices: Pick<Slice, "key" | "contours" | "edited" | "sectors" | "curves">[];
}

/** GET /api/readings/<id>/history/ */
export interface HistoryEntry {
  revision: number;
  kind: string;
  words: string;
  author: string;
  created_at: string;
  reason: string;
}

/** POST /api/readings/<id>/sign/ {base_revision, password, meaning} -> EditResult */
export interface SignRequest {
  base_revision: number;
  password: string;
  meaning: "author" | "reviewer" | "approval";
}

/** POST /api/readings/<id>/addenda/ {text, password}; GET /api/readings/<id>/report.pdf */

/** Every error of the API. code "conflict" carries detail.current_revision and detail.author. */
export interface ApiError {
  error: { code: string; message: string; field: string | null; detail: unknown };
}

/** POST /api/studies/ {q, site, state, condition, flagged, from, to, ordering, page} */
export interface WorklistPage {
  count: number;
  page: number;
  pages: number;
  results: WorklistRow[];
}

export interface WorklistRow {
  id: number;
  patient_name: string;
  patient_id: string;
  birth_date: string | null;
  study_date: string | null;
  accession_number: string;
  description: string;
  site: string;
  conditions: Condition[];
  sequence_class: string;
  field_strength_t: number | null;
  state: string;
  state_words: string;
  stage: string;
  progress: number | null;
  failure_message: string;
  flag_count: number;
  received_at: string;
  reader: string | null;
  assigned_to: number | null;
}

/** GET /api/studies/<id>/series/ : for the source-images view. */
export interface SourceSeries {
  id: number;
  series_instance_uid: string;
  number: number | null;
  description: string;
  modality: string;
  instance_count: number;
  /** One entry per frame, in order; wadors-free plain DICOM Part-10 addresses. */
  image_urls: string[];
  /** SOP Instance UID per image, in the same order. */
  image_uids: string[];
  /** What the rules took it for, with the evidence in words. */
  classification: SeriesClassification | null;
  /** What a person set by hand; it wins field by field. */
  correction: SeriesCorrection | null;
  corrected_by: string | null;
  corrected_at: string | null;
}

export interface SeriesClassification {
  /** perfusion, aif, pd, gd, map, other */
  kind: string;
  used: boolean;
  condition: Condition;
  positions: string[];
  sequence: string;
  frames: number;
  time_points: number;
  /** Why it is not used. */
  reason: string;
  evidence: string[];
  confidence: number;
  flags: { code: string; message: string; severity: Flag["severity"] }[];
}

/** POST /api/series/<id>/correction/ {correction, reason}; correction null: back to the rules. */
export interface SeriesCorrection {
  condition?: Condition;
  role?: "aif" | "pd" | "sr" | "gd" | "aif_gd" | "map" | "other";
  position?: Position;
  /** Of a series with several slices, base to apex; "" leaves a slice out. */
  positions?: string[];
  excluded?: boolean;
}
