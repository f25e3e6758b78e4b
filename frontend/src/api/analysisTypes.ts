/**
 * What an analysis found: acquisitions, their slices, arrays and curves, the arterial input, flags.
 *
 * Points are [row, column] in the slice's pixel grid, integers being pixel centres. null means
 * "not measured" and comes with a reason.
 */

import type { Condition, Point, Position, Territory } from "./basicTypes.ts";
import type { AifImages, SliceMotion } from "./imageTypes.ts";

export interface Flag {
  /** Stable within the run: what acknowledgements refer to. */
  id: string;
  code: string;
  message: string;
  severity: "information" | "check" | "invalid";
  segment: number | null;
  /** Acquisition it concerns, e.g. "stress"; null: the whole study. */
  acquisition: string | null;
  /** Slice it concerns, e.g. "stress_mid"; null: all of them. */
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
