/**
 * A reading: the values that count, what a reader changes, and the whole state of the viewer.
 *
 * Every clinical number is computed on the server.
 */

import type { AcquisitionView, Contours, Flag, Slice } from "./analysisTypes.ts";
import type { AssessEdit, Entered, Suggestions, Summary, Vocabulary } from "./assess.ts";
import type { Condition, Territory } from "./basicTypes.ts";
import type { RunView } from "./imageTypes.ts";

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
