/** Layouts of the reading grid: built-in ones, and those that a reader keeps by name. */

import type { AcquisitionView } from "../api/analysisTypes.ts";
import type { Layout } from "../api/imageTypes.ts";
import { type Display, hasMode, type Mode, modesOf } from "../store/display.ts";

export const MOST_LAYOUTS = 12;

export const BUILT_IN = ["maps", "movies", "gd", "motion"] as const;
export type BuiltIn = (typeof BUILT_IN)[number];

const WANTED: Record<BuiltIn, Mode[]> = {
  maps: ["mbf", "upslope"],
  movies: ["movie"],
  gd: ["gd", "movie"],
  motion: ["motion"],
};

/** What each cell shows under a built-in layout: the first wanted mode that its slice has. */
export function builtInModes(
  name: BuiltIn,
  acquisitions: readonly AcquisitionView[],
): Record<string, Mode> {
  return Object.fromEntries(
    acquisitions.flatMap((acquisition) =>
      acquisition.slices.flatMap((slice) => {
        const mode = WANTED[name].find(
          (one) => modesOf(acquisition).includes(one) && hasMode(slice, one),
        );
        return mode ? [[slice.key, mode] as const] : [];
      }),
    ),
  );
}

/** The present display as a layout. */
export function layoutOf(name: string, display: Display): Layout {
  const { modes, rows, overlay, field } = display;
  return { name, modes: { ...modes }, rows, overlay, field };
}

export function displayOf(layout: Layout): Pick<Display, "modes" | "rows" | "overlay" | "field"> {
  const { modes, rows, overlay, field } = layout;
  return { modes: { ...(modes as Record<string, Mode>) }, rows, overlay, field };
}

/** The list with a layout added or, under the same name, replaced; null where there is no room. */
export function withLayout(layouts: readonly Layout[], layout: Layout): Layout[] | null {
  const others = layouts.filter((one) => one.name !== layout.name);
  return others.length >= MOST_LAYOUTS ? null : [...others, layout];
}
