/** The table from contours and typed values, as the server would answer. */

import type { Condition, Point, Territory } from "../src/api/basicTypes.ts";
import type { TableRow, ViewerState } from "../src/api/readingTypes.ts";
import { contains } from "../src/logic/contour.ts";
import { COLUMNS, NAMES, sectorsOf, TERRITORY } from "./anatomy.ts";

export interface Override {
  value: number;
  revision: number;
}

/** The table from the present contours and typed values, as the server would answer. */
export function measure(
  state: ViewerState,
  flow: Map<string, Float32Array>,
  overrides: Record<string, Override>,
): TableRow[] {
  const means = new Map<
    string,
    { now: number | null; automated: number | null; edited: boolean }
  >();
  for (const slice of state.acquisitions.flatMap((a) => a.slices)) {
    const map = flow.get(slice.key) ?? new Float32Array();
    const automated =
      slice.automated_contours && sectorsOf(slice.automated_contours, slice.position);
    for (const sector of slice.sectors) {
      means.set(`${slice.condition}${sector.segment}`, {
        now: meanIn(map, sector.outline_rc),
        automated: meanIn(
          map,
          automated?.find((s) => s.segment === sector.segment)?.outline_rc ?? [],
        ),
        edited: slice.edited,
      });
    }
  }
  const value = (condition: Condition, segment: number) => {
    const mean = means.get(`${condition}${segment}`);
    if (!mean) return null;
    const typed = overrides[`${condition}${segment}`];
    return {
      value: typed?.value ?? mean.now,
      standard_error: typed ? null : 0.08 + 0.01 * (segment % 4),
      endo: typed ? null : mean.now,
      epi: typed ? null : (mean.now ?? 0) * 1.03,
      endo_epi_ratio: typed ? null : 0.97,
      uncertainty: 0.08 + 0.01 * (segment % 5),
      pixels: 60,
      source: typed
        ? ("typed" as const)
        : mean.edited
          ? ("contour" as const)
          : ("automated" as const),
      automated_value: mean.automated,
      set_at_revision: typed?.revision ?? null,
      not_measured_reason: mean.now === null ? "The wall is missing over more than half." : null,
      flags: [],
    };
  };
  const summary = (condition: Condition, segments: number[]) => {
    const members = segments.map((n) => value(condition, n)).filter((v) => v !== null);
    if (members.length === 0) return null;
    const mean = (list: (number | null)[]) => {
      const known = list.filter((v) => v !== null);
      return known.length ? known.reduce((a, b) => a + b, 0) / known.length : null;
    };
    return {
      ...(members[0] as NonNullable<ReturnType<typeof value>>),
      value: mean(members.map((m) => m.value)),
      automated_value: mean(members.map((m) => m.automated_value)),
      standard_error: 0.04,
      uncertainty: null,
      source: members.some((m) => m.source !== "automated")
        ? ("contour" as const)
        : ("automated" as const),
    };
  };
  const rows: TableRow[] = NAMES.map((name, i) =>
    withRatio({
      segment: i + 1,
      name,
      territory: TERRITORY[i] as Territory,
      stress: value("stress", i + 1),
      rest: value("rest", i + 1),
      unknown: value("unknown", i + 1),
      mpr: null,
    }),
  );
  const all = NAMES.map((_, i) => i + 1);
  for (const name of ["LAD", "RCA", "LCx", "GLOBAL"] as const) {
    const members = name === "GLOBAL" ? all : all.filter((n) => TERRITORY[n - 1] === name);
    rows.push(
      withRatio({
        segment: name,
        name,
        territory: name === "GLOBAL" ? null : name,
        stress: summary("stress", members),
        rest: summary("rest", members),
        unknown: summary("unknown", members),
        mpr: null,
      }),
    );
  }
  return rows;
}

function withRatio(row: TableRow): TableRow {
  const [stress, rest] = [row.stress?.value ?? null, row.rest?.value ?? null];
  if (stress === null || rest === null) return row;
  const typed = row.stress?.source === "typed" || row.rest?.source === "typed";
  return {
    ...row,
    mpr: {
      value: stress / rest,
      standard_error: typed ? null : 0.2,
      automated_value: (row.stress?.automated_value ?? 0) / (row.rest?.automated_value ?? 1),
      reason: null,
      derived_from_typed: typed,
    },
  };
}

function meanIn(map: Float32Array, outline: Point[]): number | null {
  let sum = 0;
  let count = 0;
  const [rows, columns] = [outline.map((p) => p[0]), outline.map((p) => p[1])];
  for (let r = Math.ceil(Math.min(...rows)); r <= Math.max(...rows); r++) {
    for (let c = Math.ceil(Math.min(...columns)); c <= Math.max(...columns); c++) {
      const v = map[r * COLUMNS + c] ?? Number.NaN;
      if (!Number.isNaN(v) && contains(outline, [r, c])) {
        sum += v;
        count += 1;
      }
    }
  }
  return count ? sum / count : null;
}
