/** Modes in words. */

import { t } from "../shared/strings.ts";
import type { Mode } from "../store/display.ts";

export interface ModeWords {
  short: string;
  long: string;
}

export function modeWords(mode: Mode, main = ""): ModeWords {
  if (mode.startsWith("mbf:")) {
    const model = mode.slice(4);
    return { short: t.models.of(model), long: t.models.long(model) };
  }
  if (mode.startsWith("diff:")) {
    const model = mode.slice(5);
    return { short: t.models.difference(model), long: t.models.differenceLong(model, main) };
  }
  return t.modes[mode as keyof typeof t.modes];
}

/** Maps carry a colour scale; movies a grey window. */
export function isMapMode(mode: Mode): boolean {
  return ["mbf", "uncertainty", "upslope"].includes(mode) || /^(mbf|diff):/.test(mode);
}
