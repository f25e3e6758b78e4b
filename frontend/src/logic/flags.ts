/** Flags in the order in which a reader should meet them, those of one kind together. */

import type { Flag } from "../api/analysisTypes.ts";

export interface FlagGroup {
  code: string;
  severity: Flag["severity"];
  flags: Flag[];
  /** Those that still wait for an answer. */
  open: Flag[];
}

/** Neither acknowledged nor answered with an edit. */
export function isOpen(flag: Flag): boolean {
  return !flag.acknowledged && !flag.answered_by_edit;
}

const ORDER: Record<Flag["severity"], number> = { invalid: 0, check: 1, information: 2 };

/** Unusable first, then doubts, then information; within these, groups with open flags first. */
export function groupFlags(flags: readonly Flag[]): FlagGroup[] {
  const groups = new Map<string, FlagGroup>();
  for (const flag of flags) {
    const key = `${flag.severity} ${flag.code}`;
    const group = groups.get(key) ?? {
      code: flag.code,
      severity: flag.severity,
      flags: [],
      open: [],
    };
    group.flags.push(flag);
    if (isOpen(flag)) group.open.push(flag);
    groups.set(key, group);
  }
  return [...groups.values()].toSorted(
    (a, b) =>
      ORDER[a.severity] - ORDER[b.severity] ||
      Number(b.open.length > 0) - Number(a.open.length > 0),
  );
}
