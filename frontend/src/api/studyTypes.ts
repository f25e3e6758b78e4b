/** Studies beside their reading: worklist, series as received, results on their way. */

import type { Flag } from "./analysisTypes.ts";
import type { Condition, Position } from "./basicTypes.ts";

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
