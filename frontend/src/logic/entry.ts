/** What is typed into the clinical form, as values of the reading. Pure. */

import type { ClinicalField, ClinicalValues } from "../api/assess.ts";

export type Entry =
  | { ok: true; value: number | string | null }
  | { ok: false; why: "number" | "range"; low: number; high: number };

/**
 * One field's text: a number with a comma or a point, a choice, or words. Empty is null. Limits are
 * those of the server, which checks again.
 */
export function entryOf(field: ClinicalField, text: string): Entry {
  const bare = text.trim();
  const [low, high] = field.possible ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (bare === "") return { ok: true, value: null };
  if (!field.possible) return { ok: true, value: bare };
  if (!/^\d+([.,]\d*)?$|^[.,]\d+$/.test(bare)) return { ok: false, why: "number", low, high };
  const value = Number(bare.replace(",", "."));
  return value >= low && value <= high
    ? { ok: true, value }
    : { ok: false, why: "range", low, high };
}

/** Values with one field set or, for null, taken away. */
export function withEntry(
  values: ClinicalValues,
  name: string,
  value: number | string | null,
): ClinicalValues {
  const { [name]: _, ...others } = values;
  const next = value === null ? others : { ...others, [name]: value };
  // A dose belongs to its agent.
  if (name === "stress_agent") delete next.stress_dose;
  return next;
}

/** Segments of a condition without a score: what "the rest is normal" fills in. */
export function unscored(
  scores: Record<string, unknown> | undefined,
  segments: readonly number[],
): number[] {
  return segments.filter((segment) => scores?.[String(segment)] === undefined);
}

/** Text with a sentence added at its end, on a line of its own. */
export function withSentence(text: string, sentence: string): string {
  return text.trim() === "" ? sentence : `${text.trimEnd()}\n${sentence}`;
}
