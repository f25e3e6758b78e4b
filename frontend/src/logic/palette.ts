/** Colour tables of the maps: 256 entries, RGBA packed for a little-endian ImageData view. */

export type PaletteName = "perfusion" | "viridis" | "grey" | "difference";
export type Rgb = readonly [red: number, green: number, blue: number];

interface Stop {
  at: number;
  rgb: Rgb;
}

export const PERFUSION_RANGE = [0, 6] as const;
export const RATIO_RANGE = [0, 5] as const;
export const UNCERTAINTY_RANGE = [0, 0.3] as const;
/** ml/min/g, of differences between two flow maps. */
export const DIFFERENCE_RANGE = [-1, 1] as const;

/** Not measured: outside the blue-to-white ramp and outside grey, so that it reads as no value. */
export const NOT_MEASURED: Rgb = [27, 36, 40];

function hex(text: string): Rgb {
  const value = Number.parseInt(text.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function stops(pairs: [number, string][], top: number): Stop[] {
  return pairs.map(([value, colour]) => ({ at: value / top, rgb: hex(colour) }));
}

const STOPS: Record<PaletteName, Stop[]> = {
  perfusion: stops(
    [
      [0, "#000000"],
      [0.5, "#06062a"],
      [1, "#17177a"],
      [1.5, "#3f33d6"],
      [2, "#7d42d4"],
      [2.5, "#c54d8c"],
      [3, "#ff6b3d"],
      [4, "#ffb24a"],
      [5, "#ffe6a0"],
      [6, "#ffffff"],
    ],
    6,
  ),
  viridis: stops(
    [
      [0, "#440154"],
      [1, "#482475"],
      [2, "#414487"],
      [3, "#355f8d"],
      [4, "#2a788e"],
      [5, "#21918c"],
      [6, "#22a884"],
      [7, "#44bf70"],
      [8, "#7ad151"],
      [9, "#bddf26"],
      [10, "#fde725"],
    ],
    10,
  ),
  // Blue below, red above, pale at none: told apart by colour-blind readers too.
  difference: stops(
    [
      [0, "#2166ac"],
      [1, "#67a9cf"],
      [2, "#f0f0f0"],
      [3, "#ef8a62"],
      [4, "#b2182b"],
    ],
    4,
  ),
  grey: stops(
    [
      [0, "#000000"],
      [1, "#ffffff"],
    ],
    1,
  ),
};

/** Colour at a fraction of the range; outside 0-1 the end colour. */
export function colourAt(name: PaletteName, fraction: number): Rgb {
  const list = STOPS[name];
  const at = Math.min(1, Math.max(0, fraction));
  const upper = list.findIndex((stop) => stop.at >= at);
  const high = list[upper];
  const low = list[upper - 1];
  if (!high) return list[list.length - 1]?.rgb ?? NOT_MEASURED;
  if (!low) return high.rgb;
  const share = (at - low.at) / (high.at - low.at);
  return [0, 1, 2].map((i) =>
    Math.round((low.rgb[i] ?? 0) + share * ((high.rgb[i] ?? 0) - (low.rgb[i] ?? 0))),
  ) as unknown as Rgb;
}

export function packed([red, green, blue]: Rgb, alpha = 255): number {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

const tables = new Map<PaletteName, Uint32Array>();

export function paletteTable(name: PaletteName): Uint32Array {
  let table = tables.get(name);
  if (!table) {
    table = Uint32Array.from({ length: 256 }, (_, i) => packed(colourAt(name, i / 255)));
    tables.set(name, table);
  }
  return table;
}

/** Index into a 256-entry table, or -1 where there is no value. */
export function paletteIndex(value: number, low: number, high: number): number {
  if (Number.isNaN(value)) return -1;
  const index = Math.round(((value - low) / (high - low)) * 255);
  return Math.min(255, Math.max(0, index));
}

export function cssColour(rgb: Rgb): string {
  return `rgb(${rgb[0]} ${rgb[1]} ${rgb[2]})`;
}

/** CSS colour of a value, for bullseyes and colour bars. */
export function valueColour(
  name: PaletteName,
  value: number | null,
  range: readonly [number, number],
): string {
  if (value === null || Number.isNaN(value)) return cssColour(NOT_MEASURED);
  return cssColour(colourAt(name, (value - range[0]) / (range[1] - range[0])));
}

/**
 * Black or white text on a colour, by WCAG relative luminance. White is kept a little longer than
 * equal contrast would, so that neighbours of nearly one colour do not alternate; text carries a
 * dark or light rim besides.
 */
export function inkOn([red, green, blue]: Rgb): "#000" | "#fff" {
  const channel = (c: number) => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  return luminance > 0.3 ? "#000" : "#fff";
}
