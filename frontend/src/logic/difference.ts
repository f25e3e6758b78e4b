/** Colours of a change: blue less, grey none, orange more; told apart by colour-blind eyes too. */

import type { Rgb } from "./palette.ts";

const LESS: Rgb = [59, 130, 246];
const NONE: Rgb = [58, 66, 76];
const MORE: Rgb = [251, 146, 60];

/** Changes up to here have their own colour, ml/min/g or units of reserve. */
export const CHANGE_LIMIT = 1.5;

export function changeColour(value: number, limit = CHANGE_LIMIT): Rgb {
  const share = Math.min(1, Math.abs(value) / limit);
  const end = value < 0 ? LESS : MORE;
  return [0, 1, 2].map((i) =>
    Math.round((NONE[i] ?? 0) + share * ((end[i] ?? 0) - (NONE[i] ?? 0))),
  ) as unknown as Rgb;
}

export function formatChange(value: number | null, digits = 2): string {
  if (value === null || !Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}
