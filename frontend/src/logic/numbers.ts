/** Numbers as readers type and read them. */

export type Parsed = { ok: true; value: number } | { ok: false };

/**
 * A flow value typed or pasted by a reader: "1.42", "1,42", " 1.42 ml/min/g ".
 *
 * One comma or one point is a decimal sign. Anything that could mean two numbers (1,234.5) is
 * refused rather than guessed: no flow has a thousands separator.
 */
export function parseFlow(text: string): Parsed {
  const bare = text
    .replace(/[\s\u00a0\u202f]/g, "")
    .replace(/ml\/(min\/g|\(min[·.]?g\)|g\/min)$/i, "");
  if (!/^\+?(\d+([.,]\d*)?|[.,]\d+)$/.test(bare)) return { ok: false };
  const value = Number(bare.replace(",", "."));
  return Number.isFinite(value) ? { ok: true, value } : { ok: false };
}

/** Flow in the range that a reader may enter (ml/min/g). */
export const FLOW_LIMIT = 10;

export function formatNumber(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? "–"
    : value.toFixed(digits);
}

export function formatError(value: number | null | undefined, digits = 2): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? ""
    : `±${value.toFixed(digits)}`;
}

/** A haematocrit as fraction or per cent ("0.38", "0,38", "38", "38 %"); null where it is none. */
export function parseHaematocrit(text: string): number | null {
  const bare = text.replace(/[\s%]/g, "").replace(",", ".");
  if (!/^\d+(\.\d*)?$|^\.\d+$/.test(bare)) return null;
  const typed = Number(bare);
  const value = Math.round((typed > 1 ? typed / 100 : typed) * 10000) / 10000;
  return value >= 0.15 && value <= 0.7 ? value : null;
}
