/** Regions drawn by hand on slices: measured by the server, kept as long as the page. */

import { createStore } from "zustand/vanilla";
import type { Point } from "../api/basicTypes.ts";
import { postJson } from "../api/client.ts";
import type { RoiResult } from "../api/imageTypes.ts";
import { message, study } from "./study.ts";

export interface Roi {
  id: number;
  /** Run whose arrays were measured. */
  run: number;
  slice: string;
  polygon: Point[];
  result: RoiResult | null;
  error: string | null;
}

interface RoiStore {
  rois: Roi[];
  /** A line that is still being drawn. */
  stroke: { slice: string; points: Point[] } | null;
}

export const rois = createStore<RoiStore>()(() => ({ rois: [], stroke: null }));

/** More curves than this nobody tells apart. */
const MOST = 4;
let lastId = 0;

/** Add a region and ask the server what it holds; the oldest gives way. */
export async function addRoi(slice: string, polygon: Point[]): Promise<void> {
  const run = study.getState().data?.result_run?.id;
  if (run === undefined) return;
  lastId += 1;
  const made: Roi = { id: lastId, run, slice, polygon, result: null, error: null };
  rois.setState((s) => ({ rois: [...s.rois.slice(1 - MOST), made] }));
  try {
    const body = { slice, polygon_rc: polygon };
    const result = await postJson<RoiResult>(`/api/runs/${run}/roi/`, body);
    change(made.id, { result });
  } catch (cause) {
    change(made.id, { error: message(cause) });
  }
}

export function removeRoi(id: number): void {
  rois.setState((s) => ({ rois: s.rois.filter((roi) => roi.id !== id) }));
}

export function setStroke(stroke: RoiStore["stroke"]): void {
  rois.setState({ stroke });
}

function change(id: number, part: Partial<Roi>): void {
  rois.setState((s) => ({ rois: s.rois.map((r) => (r.id === id ? { ...r, ...part } : r)) }));
}
