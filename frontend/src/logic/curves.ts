/** Traces of the curves panel: measured, fitted, input function, residual, drawn regions. */

import type { AcquisitionView } from "../api/analysisTypes.ts";
import type { RoiResult } from "../api/imageTypes.ts";

export const COLOURS = { stress: "#ff8a5c", rest: "#6fa8ff", unknown: "#b8c0ca" } as const;
export const ROI_COLOURS = ["#b59bff", "#7fe0c3", "#ffd166", "#f49ac1"] as const;

export type Values = readonly (number | null)[];

/** Measured minus fitted where both are there. */
export function residual(measured: Values, fitted: Values): (number | null)[] {
  return measured.map((value, i) => {
    const fit = fitted[i] ?? null;
    return value === null || fit === null ? null : value - fit;
  });
}

/** Root mean square of what is there; null where nothing is. */
export function rms(values: Values): number | null {
  const there = values.filter((v) => v !== null);
  return there.length ? Math.sqrt(there.reduce((sum, v) => sum + v * v, 0) / there.length) : null;
}

/** Relative indices and maps as received have no model curve. */
export function isFitted(fit: Values): boolean {
  return fit.some((value) => value !== null);
}

/** One moment is a dot, not a curve. */
export function isCurve(values: Values): boolean {
  return values.filter((value) => value !== null).length > 1;
}

export interface CurveWords {
  measured: string;
  fit: string;
  residual: string;
}

/** Measured points, model curve and, on the second axis, what is left between them. */
export function curveTraces(
  curve: { time_s: readonly number[]; gd: Values; fit: Values },
  colour: string,
  words: CurveWords,
): Record<string, unknown>[] {
  const base = { type: "scatter", x: curve.time_s };
  const measured = {
    ...base,
    mode: "lines+markers",
    name: words.measured,
    y: curve.gd,
    line: { color: colour, width: 1 },
    marker: { size: 3, color: colour },
    opacity: 0.75,
    connectgaps: false,
  };
  // An empty residual would still bring its axis along.
  if (!isFitted(curve.fit)) return [measured];
  return [
    measured,
    {
      ...base,
      mode: "lines",
      name: words.fit,
      showlegend: false,
      y: curve.fit,
      line: { color: colour, width: 3 },
      connectgaps: true,
    },
    {
      ...base,
      mode: "lines",
      name: words.residual,
      showlegend: false,
      y: residual(curve.gd, curve.fit),
      yaxis: "y2",
      line: { color: colour, width: 1 },
      connectgaps: false,
    },
  ];
}

/** The input function, scaled to the height of a curve: it is some ten times higher. */
export function aifTrace(
  acquisition: AcquisitionView,
  top: number,
  colour: string,
  name: string,
): Record<string, unknown>[] {
  const { aif } = acquisition;
  if (!aif?.peak) return [];
  const scale = top / aif.peak;
  return [
    {
      type: "scatter",
      mode: "lines",
      name,
      x: aif.time_s,
      y: aif.gd.map((v) => (v === null ? null : v * scale)),
      line: { color: colour, width: 1, dash: "dot" },
      hoverinfo: "skip",
    },
  ];
}

export function topOf(values: Values): number {
  return Math.max(0.05, ...values.map((v) => v ?? 0));
}

export function roiCurve(result: RoiResult): { time_s: number[]; gd: Values; fit: Values } {
  return { time_s: result.time_s, gd: result.gd, fit: result.fit };
}
