/** Why a segment has no value at all: no slice of its condition shows it. */

import type { Condition } from "../api/basicTypes.ts";
import type { TableRow } from "../api/readingTypes.ts";
import { t } from "../shared/strings.ts";
import { positionOfSegment } from "./hanging.ts";

export function whyEmpty({ segment, ...row }: TableRow, kind: Condition | "mpr"): string {
  if (typeof segment !== "number") return t.grid.notMeasured;
  const missing =
    kind === "mpr" ? (["stress", "rest"] as const).filter((name) => row[name] === null) : [kind];
  const position = t.positions[positionOfSegment(segment)];
  return missing.map((name) => t.load.noSliceOf(t.conditions[name], position)).join("; ");
}
