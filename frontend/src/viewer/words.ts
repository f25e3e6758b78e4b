/** Edits in plain words, for the conflict dialog and the signing summary. */

import type { Condition } from "../api/basicTypes.ts";
import type { TableRow, ViewerState } from "../api/readingTypes.ts";
import { formatNumber } from "../logic/numbers.ts";
import { t } from "../shared/strings.ts";
import type { EditRequest } from "../store/study.ts";
import { sliceWords } from "./FlagsPanel.tsx";

export function editWords(edit: EditRequest, data: ViewerState): string {
  switch (edit.kind) {
    case "contour":
      return t.words.contour(sliceWords(data, edit.slice));
    case "contour_reset":
      return t.words.contour_reset(sliceWords(data, edit.slice));
    case "override":
      return t.words.override(
        t.words.segment(t.conditions[edit.condition], edit.segment),
        `${formatNumber(edit.value)} ${t.units.mbf}`,
      );
    case "override_reset":
      return t.words.override_reset(t.words.segment(t.conditions[edit.condition], edit.segment));
    case "segment_status":
      return t.words.segment_status(
        t.words.segment(t.conditions[edit.condition], edit.segment),
        t.words.statuses[edit.status],
      );
    case "quality":
      return t.assess.edits.quality(sliceWords(data, edit.slice));
    case "visual":
    case "scar":
    case "clinical":
    case "territories":
    case "comparison":
      return t.assess.edits[edit.kind];
    default:
      return t.words[edit.kind];
  }
}

export interface ValueChange {
  segment: TableRow["segment"];
  name: string;
  condition: Condition;
  automated: number | null;
  final: number | null;
  source: "contour" | "typed" | "excluded" | "automated";
}

/**
 * Every segment value that differs from the automated one. New contours touch all segments of
 * their slice; those whose shown number stays the same are not listed.
 */
export function valueChanges(table: readonly TableRow[]): ValueChange[] {
  return table.flatMap((row) =>
    (["stress", "rest", "unknown"] as const).flatMap((condition) => {
      const value = row[condition];
      if (!value || value.source === "automated" || typeof row.segment !== "number") return [];
      const same = formatNumber(value.value) === formatNumber(value.automated_value);
      if (value.source === "contour" && same) return [];
      return {
        segment: row.segment,
        name: row.name,
        condition,
        automated: value.automated_value,
        final: value.value,
        source: value.source,
      };
    }),
  );
}
