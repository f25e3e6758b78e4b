/** What the server says about runs, input images, regions, layouts; see types.ts for the rest. */

import type { ArrayRef } from "./analysisTypes.ts";
import type { Condition, Point, Territory } from "./basicTypes.ts";

/** A run: how far it is, and what it was asked to do differently from its parent. */
export interface RunView {
  id: number;
  state: "queued" | "running" | "succeeded" | "failed" | "cancelled";
  stage: string;
  progress: number;
  failure_message: string;
  pipeline_version: string;
  models: Record<string, string>;
  outdated_reason: string;
  finished_at: string | null;
  parent: number | null;
  purpose: string;
  purpose_words: string;
  requested_by: string | null;
  reason: string;
  /** One sentence per difference from the parent. */
  changes: string[];
  parameters: RunParameters;
}

/** What a reader can change about an analysis; frames and polygons by slice or acquisition key. */
export interface RunParameters {
  haematocrit: number;
  haematocrit_assumed: boolean;
  /** Models computed beside the main one. */
  other_models: string[];
  excluded_frames: Record<string, number[]>;
  aif_excluded_frames: Record<string, number[]>;
  aif_lv_polygons_rc: Record<string, Point[]>;
}

/** POST /api/studies/<id>/runs/ : what is not named stays; [] and null take a repair back. */
export interface RunRequest {
  parent: number;
  reason: string;
  haematocrit?: number;
  other_models?: string[];
  excluded_frames?: Record<string, number[]>;
  aif_excluded_frames?: Record<string, number[]>;
  aif_lv_polygons_rc?: Record<string, Point[] | null>;
}

/** The separate low-resolution images of a dual-sequence acquisition. */
export interface AifImages {
  /** (echoes, frames, rows, columns) */
  movie: ArrayRef;
  lv_mask: ArrayRef;
  rv_mask: ArrayRef;
  pixel_spacing_mm: [row: number, column: number];
  time_s: number[];
  frame_status: number[];
  frame_status_words: string[];
  /** Blood pool that a reader drew for this run; null: found by the analysis. */
  polygon_rc: Point[] | null;
}

export interface SliceMotion {
  /** Per frame: how unlike its model the corrected frame is (0 alike, 1 not); null: not judged. */
  residual: (number | null)[];
  largest_displacement_px: (number | null)[];
}

/** GET /api/readings/<id>/carry-over/ */
export interface CarryOverPreview {
  run: RunView;
  carried: CarryOverItem[];
  left: CarryOverItem[];
  values: {
    condition: Condition;
    segment: Territory | "GLOBAL";
    before: number | null;
    after: number | null;
  }[];
}

export interface CarryOverItem {
  kind: string;
  slice: string | null;
  condition: Condition | null;
  segment: number | null;
  why: string;
}

/** POST /api/runs/<id>/roi/ {slice, polygon_rc} */
export interface RoiResult {
  slice: string;
  pixels: number;
  valid_pixels: number;
  area_mm2: number;
  quantity: "mbf" | "relative_upslope";
  mean: number | null;
  sd: number | null;
  time_s: number[];
  gd: (number | null)[];
  fit: (number | null)[];
}

export interface Layout {
  name: string;
  /** What each cell shows, by slice key. */
  modes: Record<string, string>;
  rows: "all" | "stress" | "rest";
  overlay: "sectors" | "contours" | "off";
  field: "heart" | "whole";
}

/** GET and PUT /api/me/preferences/ */
export interface Preferences {
  viewer?: {
    palette?: string;
    range?: [number, number];
    opacity?: number;
    overlay?: string;
    field?: string;
    framesPerSecond?: number;
    layout?: Layout | null;
    layouts?: Layout[];
  };
}
