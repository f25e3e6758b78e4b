/** A contour while it is being dragged: outside every history, gone on Escape, sent on release. */

import { createStore } from "zustand/vanilla";
import type { Contours } from "../api/analysisTypes.ts";
import type { Point } from "../api/basicTypes.ts";

export interface Draft {
  slice: string;
  contours: Contours;
  /** A freehand line that is not a contour yet. */
  stroke: Point[] | null;
}

export const draft = createStore<{ draft: Draft | null }>()(() => ({ draft: null }));

export function setDraft(next: Draft | null): void {
  draft.setState({ draft: next });
}
