/** How the reader looks at the study; nothing here is part of the reading. */

import { createStore } from "zustand/vanilla";
import type { AcquisitionView, Point } from "../api/types.ts";
import { START_VIEW, type View } from "../logic/affine.ts";
import { type PaletteName, PERFUSION_RANGE } from "../logic/palette.ts";

export type Mode = "movie" | "gd" | "mbf" | "uncertainty" | "upslope" | "original";
export type Overlay = "sectors" | "contours" | "off";
export type Tool = "window" | "pan" | "points" | "sculpt" | "redraw" | "insertion" | "roi";
export type Panel = "table" | "scores" | "curves" | "aif" | "frames" | "clinical" | "report";

export interface Display {
  modes: Record<string, Mode>;
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

const KEPT = ["palette", "range", "opacity", "overlay", "field", "framesPerSecond"] as const;
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

const QUANTITATIVE: Mode[] = ["movie", "gd", "mbf", "uncertainty", "original"];
const RELATIVE: Mode[] = ["movie", "upslope", "uncertainty", "original"];

/**
 * Modes that an acquisition's slices can show, in the order of the buttons. Where values are only
 * relative, maps in absolute units are not offered, even if a run has left them.
 */
export function modesOf(acquisition: AcquisitionView): Mode[] {
  const order = acquisition.quantity === "mbf" ? QUANTITATIVE : RELATIVE;
  return order.filter((mode) => acquisition.slices.some((slice) => slice.arrays[mode]));
}

/** The first thing to show: the map that carries the numbers, else the movie. */
export function startMode(acquisition: AcquisitionView): Mode {
  const wanted: Mode = acquisition.quantity === "mbf" ? "mbf" : "upslope";
  const modes = modesOf(acquisition);
  return modes.includes(wanted) ? wanted : (modes[0] ?? "movie");
}

export function setAllModes(acquisitions: readonly AcquisitionView[], mode: Mode): void {
  const modes = { ...display.getState().modes };
  for (const acquisition of acquisitions) {
    if (!modesOf(acquisition).includes(mode)) continue;
    for (const slice of acquisition.slices) if (slice.arrays[mode]) modes[slice.key] = mode;
  }
  display.setState({ modes });
}
