import { useStore } from "zustand";
import type { AcquisitionView } from "../api/analysisTypes.ts";
import { isMapMode } from "../logic/modes.ts";
import { colourAt, cssColour, type PaletteName, PERFUSION_RANGE } from "../logic/palette.ts";
import { mapColours } from "../render/cell.ts";
import { t } from "../shared/strings.ts";
import { type Display, display, type Mode, modeOf } from "../store/display.ts";
import { study } from "../store/study.ts";

export function gradient(palette: PaletteName, direction: "to top" | "to right"): string {
  const colours = Array.from({ length: 33 }, (_, i) => cssColour(colourAt(palette, i / 32)));
  return `linear-gradient(${direction}, ${colours.join(",")})`;
}

/** Round numbers within a range, at most nine. */
function ticksOf([low, high]: readonly [number, number]): number[] {
  const step = [0.05, 0.1, 0.2, 0.5, 1, 2].find((s) => (high - low) / s <= 8) ?? 5;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** The mode whose scale the bar shows: the enlarged cell's, else that of the first map. */
export function barMode(
  { modes, enlarged }: Pick<Display, "modes" | "enlarged">,
  acquisitions: readonly AcquisitionView[],
): Mode {
  const shown = acquisitions.flatMap((a) =>
    a.slices
      .filter(({ key }) => enlarged === null || key === enlarged)
      .map((s) => modeOf(modes, a, s)),
  );
  return shown.find(isMapMode) ?? "movie";
}

/** The scale of the maps that are shown; its ends and palette can be changed. */
export function ColourBar() {
  const state = useStore(display);
  const acquisitions = useStore(study, (s) => s.data?.acquisitions ?? []);
  const mode = barMode(state, acquisitions);
  const hasMap = mode !== "movie";
  const { palette, range } = mapColours(mode, state);
  const flow = mode === "mbf" || mode.startsWith("mbf:");
  const adjustable = flow || !hasMap;
  const unit = !hasMap
    ? t.colour.noMap
    : flow || mode.startsWith("diff:")
      ? t.units.mbf
      : mode === "upslope"
        ? t.bullseye.upslope
        : t.table.uncertainty;
  const ticks = ticksOf(range);
  const setRange = (low: number, high: number) => {
    if (Number.isFinite(low) && Number.isFinite(high) && high - low >= 0.1 && low >= 0) {
      display.setState({ range: [low, high] });
    }
  };
  return (
    <aside className="colour-bar" aria-label={t.colour.bar} data-testid="colour-bar">
      <span className="colour-unit">{unit}</span>
      <div className="colour-scale" hidden={!hasMap}>
        <div className="colour-ramp" style={{ background: gradient(palette, "to top") }} />
        <ol className="colour-ticks">
          {ticks.map((tick) => (
            <li
              key={tick}
              style={{ insetBlockEnd: `${(100 * (tick - range[0])) / (range[1] - range[0])}%` }}
            >
              {Number(tick.toFixed(2))}
            </li>
          ))}
        </ol>
      </div>
      <details className="colour-settings">
        <summary aria-label={t.colour.title} title={t.colour.title}>
          ⚙
        </summary>
        <div className="popover panel">
          <h3>{t.colour.title}</h3>
          <label>
            {t.colour.palette}
            <select
              value={state.palette}
              data-testid="palette"
              onChange={(e) => display.setState({ palette: e.target.value as PaletteName })}
            >
              {(["perfusion", "viridis", "grey"] as const).map((name) => (
                <option key={name} value={name}>
                  {t.colour.names[name]}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t.colour.high}
            <input
              type="number"
              min={0.5}
              max={10}
              step={0.5}
              disabled={!adjustable}
              value={state.range[1]}
              onChange={(e) => setRange(state.range[0], e.target.valueAsNumber)}
            />
          </label>
          <label>
            {t.colour.low}
            <input
              type="number"
              min={0}
              max={9}
              step={0.5}
              disabled={!adjustable}
              value={state.range[0]}
              onChange={(e) => setRange(e.target.valueAsNumber, state.range[1])}
            />
          </label>
          <label>
            {t.colour.opacity}
            <input
              type="range"
              min={0.1}
              max={1}
              step={0.05}
              value={state.opacity}
              onChange={(e) => display.setState({ opacity: e.target.valueAsNumber })}
            />
          </label>
          <button
            type="button"
            className="button button-small"
            onClick={() => display.setState({ range: [...PERFUSION_RANGE], opacity: 1 })}
          >
            {t.colour.reset}
          </button>
        </div>
      </details>
    </aside>
  );
}
