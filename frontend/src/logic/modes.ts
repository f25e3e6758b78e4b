/** Modes in words. */

import { t } from "../shared/strings.ts";
import type { Mode } from "../store/display.ts";

export interface ModeWords {
  short: string;
  long: string;
}

/** A flow model as people call it; one that has no name here keeps its code. */
export function modelWords(model: string): string {
  return t.models.names[model] ?? model;
}

export function modeWords(mode: Mode, main = ""): ModeWords {
  if (mode.startsWith("mbf:")) {
    const model = modelWords(mode.slice(4));
    return { short: t.models.of(model), long: t.models.long(model) };
  }
  if (mode.startsWith("diff:")) {
    const model = modelWords(mode.slice(5));
    return {
      short: t.models.difference(model),
      long: t.models.differenceLong(model, modelWords(main)),
    };
  }
  return t.modes[mode as keyof typeof t.modes];
}

/** Maps carry a colour scale; movies a grey window. */
export function isMapMode(mode: Mode): boolean {
  return ["mbf", "uncertainty", "upslope"].includes(mode) || /^(mbf|diff):/.test(mode);
}
