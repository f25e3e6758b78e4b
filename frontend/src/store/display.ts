/** How the reader looks at the study; nothing here is part of the reading. */

import { createStore } from "zustand/vanilla";
import type { AcquisitionView, ArrayRef, Slice } from "../api/analysisTypes.ts";
import type { Point } from "../api/basicTypes.ts";
import { START_VIEW, type View } from "../logic/affine.ts";
import { type PaletteName, PERFUSION_RANGE } from "../logic/palette.ts";

/** Flow maps of models beside the main one, and how they differ from it: "mbf:fermi". */
export type ModelMode = `mbf:${string}` | `diff:${string}`;
export type Mode = "movie" | "gd" | "mbf" | "uncertainty" | "upslope" | "motion" | ModelMode;
export type Rows = "all" | "stress" | "rest";
export type Overlay = "sectors" | "contours" | "off";
export type Tool = "window" | "pan" | "points" | "sculpt" | "redraw" | "insertion" | "roi";
export type Panel = "table" | "scores" | "curves" | "aif" | "frames" | "clinical" | "report";

export interface Display {
  modes: Record<string, Mode>;
  /** Which acquisitions hang. */
  rows: Rows;
  palette: PaletteName;
  range: [low: number, high: number];
  opacity: number;
  overlay: Overlay;
  showAutomated: boolean;
  view: View;
  field: "heart" | "whole";
  /** Relative to each slice's own window: shift in widths, and a factor on the width. */
  brightness: number;
  contrast: number;
  tool: Tool;
  contour: "endo" | "epi";
  sculptRadiusMm: number;
  /** Slice whose contours are being edited. */
  editing: string | null;
  enlarged: string | null;
  segment: number | null;
  /** The cursor in one slice, shown in the others of the same plane geometry. */
  cursor: { slice: string; point: Point } | null;
  panel: Panel;
  framesPerSecond: number;
}

export const KEPT = ["palette", "range", "opacity", "overlay", "field", "framesPerSecond"] as const;
const STORAGE_KEY = "qperf.display";

function remembered(): Partial<Display> {
  try {
    const saved = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}") as Partial<Display>;
    return Object.fromEntries(KEPT.filter((k) => k in saved).map((k) => [k, saved[k]]));
  } catch {
    return {};
  }
}

const START: Display = {
  modes: {},
  rows: "all",
  palette: "perfusion",
  range: [...PERFUSION_RANGE],
  opacity: 1,
  overlay: "sectors",
  showAutomated: false,
  view: START_VIEW,
  field: "heart",
  brightness: 0,
  contrast: 1,
  tool: "window",
  contour: "epi",
  sculptRadiusMm: 8,
  editing: null,
  enlarged: null,
  segment: null,
  cursor: null,
  panel: "table",
  framesPerSecond: 15,
};

export const display = createStore<Display>()(() => ({ ...START, ...remembered() }));

display.subscribe((state, previous) => {
  if (KEPT.every((key) => state[key] === previous[key])) return;
  try {
    localStorage.setItem(
      STORAGE_KEY,
      JSON.stringify(Object.fromEntries(KEPT.map((key) => [key, state[key]]))),
    );
  } catch {
    // Storage may be full or forbidden; the display then simply starts afresh next time.
  }
});

const QUANTITATIVE: Mode[] = ["movie", "gd", "mbf", "uncertainty", "motion"];
const RELATIVE: Mode[] = ["movie", "upslope", "uncertainty", "motion"];

/**
 * Modes that an acquisition's slices can show, in the order of the buttons. Where values are only
 * relative, maps in absolute units are not offered, even if a run has left them.
 */
export function modesOf(acquisition: AcquisitionView): Mode[] {
  const flow = acquisition.quantity === "mbf";
  const order: Mode[] = flow
    ? [...QUANTITATIVE, ...acquisition.other_models.flatMap(modesOfModel)]
    : RELATIVE;
  return order.filter((mode) => acquisition.slices.some((slice) => hasMode(slice, mode)));
}

export function modesOfModel(model: string): ModelMode[] {
  return [`mbf:${model}`, `diff:${model}`];
}

/** The arrays that a mode draws from; all must exist. */
export function arraysOf(slice: Slice, mode: Mode): (ArrayRef | undefined)[] {
  if (mode === "motion") return [slice.arrays.movie, slice.arrays.original];
  if (mode.startsWith("mbf:")) return [slice.other_maps[mode.slice(4)]];
  if (mode.startsWith("diff:")) return [slice.other_maps[mode.slice(5)], slice.arrays.mbf];
  return [slice.arrays[mode as keyof Slice["arrays"]]];
}

export function hasMode(slice: Slice, mode: Mode): boolean {
  return arraysOf(slice, mode).every(Boolean);
}

/** The first thing to show: the map that carries the numbers, else the movie. */
export function startMode(acquisition: AcquisitionView): Mode {
  const wanted: Mode = acquisition.quantity === "mbf" ? "mbf" : "upslope";
  const modes = modesOf(acquisition);
  return modes.includes(wanted) ? wanted : (modes[0] ?? "movie");
}

/** What a cell shows: what the reader chose where this slice has it, else what it starts with. */
export function modeOf(
  modes: Record<string, Mode>,
  acquisition: AcquisitionView,
  slice: Slice,
): Mode {
  const chosen = modes[slice.key];
  return chosen && modesOf(acquisition).includes(chosen) && hasMode(slice, chosen)
    ? chosen
    : startMode(acquisition);
}

export function setAllModes(acquisitions: readonly AcquisitionView[], mode: Mode): void {
  const modes = { ...display.getState().modes };
  for (const acquisition of acquisitions) {
    if (!modesOf(acquisition).includes(mode)) continue;
    for (const slice of acquisition.slices) if (hasMode(slice, mode)) modes[slice.key] = mode;
  }
  display.setState({ modes });
}
