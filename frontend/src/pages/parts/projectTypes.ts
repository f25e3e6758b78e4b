/** GET /api/projects/... */

export interface Limit {
  quantity: "mbf" | "mpr";
  scope: "global" | "segment";
  unit: "absolute" | "percent";
  most: number;
}

export interface Training {
  limit: Limit;
  share: number;
}

export interface ProjectRow {
  id: number;
  name: string;
  purpose: string;
  site: string;
  state: "setup" | "open" | "locked";
  state_words: string;
  cases: number;
  to_read: number;
  signed: number;
  parts: string[];
  undecided: number;
}

export interface ListEntry {
  assignment: number;
  number: number;
  training: boolean;
  state: "waiting" | "draft" | "signed";
}

export interface Mine {
  next: number | null;
  training: {
    total: number;
    read: number;
    passed: number;
    needed: number;
    round: number;
    allowed: boolean;
    failed: boolean;
  };
  list: ListEntry[];
}

export interface Progress {
  readers: {
    id: number;
    name: string;
    signed: number;
    total: number;
    training_failed: boolean;
  }[];
  cases: {
    id: number;
    number: number;
    study: number;
    site: string;
    kind: "study" | "training";
    problem: string;
    query: boolean;
    adjudication: "" | "open" | "decided";
    cells: string[][];
  }[];
}

export interface Member {
  id: number;
  user: number;
  name: string;
  role: "reader" | "adjudicator";
}

export interface Project extends ProjectRow {
  may: { manage: boolean; read: boolean; adjudicate: boolean; export: boolean };
  blinding: "none" | "numbers" | "scratch";
  blinding_words: string;
  repeat_percent: number | null;
  limits: Limit[];
  limit_words: string[];
  training: Training | Record<string, never>;
  analysis_settings: { pipeline_version: string; models: Record<string, string> } | null;
  opened_at: string | null;
  locked_at: string | null;
  locked_by: string | null;
  content_sha256: string;
  case_count: number;
  members: Member[];
  queries_open: number;
  mine: Mine | null;
  progress: Progress | null;
  adjudications: { id: number; case: number; differences: number; decisions: number }[];
  repeatability: {
    reader: string;
    quantity: "stress" | "rest" | "mpr";
    pairs: number;
    bias: number;
    within_sd: number;
    cv: number;
  }[];
  candidates?: Record<"reader" | "adjudicator", { id: number; name: string }[]>;
}

export interface Setup {
  cases: {
    id: number;
    number: number;
    patient_name: string;
    patient_id: string;
    site: string;
    training: boolean;
    reference: number | null;
    references: { id: number; words: string }[];
  }[];
  studies: {
    id: number;
    patient_name: string;
    patient_id: string;
    study_date: string | null;
    site: string;
    sequence_class: string;
    field_strength_t: number | null;
  }[];
}

export interface Decision {
  number: number;
  reading: number;
  reason: string;
  by: string;
  at: string;
}

export interface Adjudication {
  id: number;
  project: { id: number; name: string };
  case: number;
  study: number;
  patient_name: string;
  patient_id: string;
  differences: {
    name: string;
    segment: number;
    low: number | null;
    high: number | null;
    size: number | null;
    limit: string;
  }[];
  readings: {
    id: number;
    label: string;
    reader: string;
    third: boolean;
    signed_at: string | null;
    values: { name: string; segment: number; value: number | null }[];
  }[];
  decisions: Decision[];
  third: number | null;
  open: boolean;
}

export interface SiteQuery {
  id: number;
  project: { id: number; name: string };
  site: string;
  case: number;
  study: number | null;
  subject: string;
  state: "open" | "answered" | "closed";
  state_words: string;
  opened_by: string;
  opened_at: string;
  steps: ("answer" | "closing" | "reopening")[];
  messages: { kind: string; author: string; at: string; text: string }[];
}
