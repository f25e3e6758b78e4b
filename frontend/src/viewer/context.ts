/** The one grid controller and the dialogs of the page, handed down without prop drilling. */

import { createContext, useContext } from "react";
import type { Condition } from "../api/basicTypes.ts";
import type { Grid } from "../render/grid.ts";

export type DialogName =
  | "sign"
  | "addendum"
  | "history"
  | "compare"
  | "keys"
  | "source"
  | "series"
  | "models";

export interface ValueEditRequest {
  condition: Condition;
  segment: number;
  /** What the reader already typed in the table, e.g. the first digit. */
  typed: string;
}

export interface ViewerContext {
  grid: Grid;
  openDialog: (name: DialogName | null) => void;
  editValue: (request: ValueEditRequest) => void;
}

export const Viewer = createContext<ViewerContext | null>(null);

export function useViewer(): ViewerContext {
  const context = useContext(Viewer);
  if (!context) throw new Error("Outside the viewer");
  return context;
}
