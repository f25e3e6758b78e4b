/** Which slice hangs where: columns basal to apical, one row per acquisition, stress first. */

import type { AcquisitionView, Slice } from "../api/analysisTypes.ts";
import type { Condition, Position } from "../api/basicTypes.ts";

export interface HangingCell {
  acquisition: AcquisitionView;
  slice: Slice | null;
  position: Position;
}

export interface Hanging {
  columns: Position[];
  rows: HangingCell[][];
}

const CONDITION_ORDER: Record<Condition, number> = { stress: 0, rest: 1, unknown: 2 };
const POSITIONS: Position[] = ["basal", "mid", "apical"];

/**
 * Positions that no acquisition has get no column. A single row of three or fewer slices is
 * as valid as two rows; a second slice at the same position gets its own column.
 */
export function hang(
  acquisitions: readonly AcquisitionView[],
  rows: "all" | "stress" | "rest" = "all",
): Hanging {
  const shown = acquisitions.filter(
    ({ condition, slices }) => slices.length > 0 && (rows === "all" || condition === rows),
  );
  // A row that this exam does not have is no reason to show nothing.
  const ordered = (
    shown.length > 0 ? shown : acquisitions.filter((a) => a.slices.length > 0)
  ).toSorted((a, b) => CONDITION_ORDER[a.condition] - CONDITION_ORDER[b.condition]);
  const columns = POSITIONS.flatMap((position) => {
    const most = Math.max(0, ...ordered.map((a) => at(a, position).length));
    return Array.from({ length: most }, (_, index) => ({ position, index }));
  });
  return {
    columns: columns.map(({ position }) => position),
    rows: ordered.map((acquisition) =>
      columns.map(({ position, index }) => ({
        acquisition,
        position,
        slice: at(acquisition, position)[index] ?? null,
      })),
    ),
  };
}

function at(acquisition: AcquisitionView, position: Position): Slice[] {
  return acquisition.slices.filter((slice) => slice.position === position);
}

/**
 * Columns and rows of the grid. One slice in two conditions hangs side by side, and one condition
 * of three or more slices in two rows: in narrow strips the heart would be small.
 */
export function gridOf({ columns, rows }: Hanging): { columns: number; rows: number } {
  if (columns.length === 1 && rows.length > 1) return { columns: rows.length, rows: 1 };
  if (rows.length === 1 && columns.length > 2) {
    return { columns: Math.ceil(columns.length / 2), rows: 2 };
  }
  return { columns: columns.length, rows: rows.length };
}

/** Segments of the AHA model that a slice position can show. */
export const SEGMENTS_OF: Record<Position, readonly number[]> = {
  basal: [1, 2, 3, 4, 5, 6],
  mid: [7, 8, 9, 10, 11, 12],
  apical: [13, 14, 15, 16],
};

export function positionOfSegment(segment: number): Position {
  return segment <= 6 ? "basal" : segment <= 12 ? "mid" : "apical";
}
