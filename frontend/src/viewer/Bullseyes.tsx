import { useMemo } from "react";
import { useStore } from "zustand";
import type { Condition, TableRow, ViewerState } from "../api/types.ts";
import { wedges } from "../logic/bullseye.ts";
import { formatNumber } from "../logic/numbers.ts";
import {
  colourAt,
  inkOn,
  NOT_MEASURED,
  type PaletteName,
  RATIO_RANGE,
  type Rgb,
  valueColour,
} from "../logic/palette.ts";
import { UPSLOPE_RANGE } from "../render/cell.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { hotHandlers } from "../store/hot.ts";
import { gradient } from "./ColourBar.tsx";

type Kind = Condition | "mpr";

const WEDGES = wedges();

export function Bullseyes({ data }: { data: ViewerState }) {
  const palette = useStore(display, (s) => s.palette);
  const range = useStore(display, (s) => s.range);
  const rows = useMemo(
    () => new Map(data.table.map((row) => [row.segment, row] as const)),
    [data.table],
  );
  const has = (kind: Kind) =>
    data.table.some((row) => (kind === "mpr" ? row.mpr?.value != null : row[kind] !== null));
  const kinds = (["stress", "rest", "unknown", "mpr"] as const).filter(has);
  const relative = data.acquisitions.some((a) => a.quantity !== "mbf");
  const flowScale = relative
    ? { palette: "viridis" as const, range: UPSLOPE_RANGE }
    : { palette, range: range as readonly [number, number] };
  return (
    <section className="bullseyes panel" aria-label="Bullseyes" data-testid="bullseyes">
      {kinds.map((kind) => {
        const scale = kind === "mpr" ? { palette, range: RATIO_RANGE } : flowScale;
        return (
          <figure key={kind} className="bullseye">
            <figcaption>
              {relative && kind !== "mpr"
                ? t.bullseye.relative(t.conditions[kind])
                : t.bullseye[kind]}
            </figcaption>
            <Bullseye
              title={t.bullseye[kind]}
              rows={rows}
              read={(row) => readingOf(row, kind)}
              digits={kind === "mpr" ? 1 : 2}
              {...scale}
            />
            {(kind === "mpr" || relative) && (
              <div className="bar-across" aria-hidden="true">
                <span>{scale.range[0]}</span>
                <i style={{ background: gradient(scale.palette, "to right") }} />
                <span>{scale.range[1]}</span>
              </div>
            )}
            {kind !== "mpr" && !relative && (
              <div className="bar-across" aria-hidden="true">
                <span>{scale.range[0]}</span>
                <i style={{ background: gradient(scale.palette, "to right") }} />
                <span>
                  {scale.range[1]} {t.units.mbf}
                </span>
              </div>
            )}
          </figure>
        );
      })}
    </section>
  );
}

interface Shown {
  value: number | null;
  /** Why there is no value. */
  reason: string | null;
  /** A person changed it. */
  changed: boolean;
}

function readingOf(row: TableRow, kind: Kind): Shown {
  if (kind === "mpr") {
    const { mpr } = row;
    return { value: mpr?.value ?? null, reason: mpr?.reason ?? null, changed: false };
  }
  const value = row[kind];
  return {
    value: value?.value ?? null,
    reason: value?.not_measured_reason ?? null,
    changed: value !== null && value.source !== "automated",
  };
}

export function Bullseye({
  title,
  rows,
  read,
  digits,
  palette,
  range,
}: {
  title: string;
  rows: ReadonlyMap<TableRow["segment"], TableRow>;
  read: (row: TableRow) => Shown;
  digits: number;
  palette: PaletteName;
  range: readonly [number, number];
}) {
  const selected = useStore(display, (s) => s.segment);
  const shown = WEDGES.map((wedge) => {
    const row = rows.get(wedge.segment);
    const { value, reason, changed } = row
      ? read(row)
      : { value: null, reason: null, changed: false };
    const words = value === null ? (reason ?? t.grid.notMeasured) : formatNumber(value, digits);
    return { ...wedge, name: row?.name ?? "", value, words, changed };
  });
  const summary = shown.map(({ segment, words }) => `${segment}: ${words}`).join(", ");
  return (
    <svg viewBox="-1.06 -1.06 2.12 2.12" role="img" aria-label={`${title}; ${summary}`}>
      {shown.map(({ segment, name, path, label, value, words, changed }) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table offers the same by keyboard
        <g
          key={segment}
          className="wedge"
          data-segment={segment}
          data-selected={segment === selected || undefined}
          onClick={() => display.setState({ segment })}
          {...hotHandlers(segment)}
        >
          <title>{t.bullseye.segment(segment, name, words)}</title>
          <path d={path} fill={valueColour(palette, value, range)} />
          <text x={label[0]} y={label[1]} fill={inkOn(rgbOf(palette, value, range))}>
            {formatNumber(value, digits)}
          </text>
          {changed && (
            <circle className="wedge-changed" cx={label[0]} cy={label[1] + 0.095} r="0.022" />
          )}
        </g>
      ))}
    </svg>
  );
}

function rgbOf(palette: PaletteName, value: number | null, range: readonly [number, number]): Rgb {
  if (value === null) return NOT_MEASURED;
  return colourAt(palette, (value - range[0]) / (range[1] - range[0]));
}
