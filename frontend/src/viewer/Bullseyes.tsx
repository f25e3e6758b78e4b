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
              {t.bullseye[kind]}
              {relative && kind !== "mpr" && (
                <span className="badge badge-warn">{t.bullseye.upslope}</span>
              )}
            </figcaption>
            <Bullseye kind={kind} rows={rows} {...scale} />
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

function Bullseye({
  kind,
  rows,
  palette,
  range,
}: {
  kind: Kind;
  rows: Map<TableRow["segment"], TableRow>;
  palette: PaletteName;
  range: readonly [number, number];
}) {
  const selected = useStore(display, (s) => s.segment);
  const digits = kind === "mpr" ? 1 : 2;
  return (
    <svg viewBox="-1.06 -1.06 2.12 2.12" role="img" aria-label={summary(kind, rows, digits)}>
      {WEDGES.map(({ segment, path, label }) => {
        const row = rows.get(segment);
        const value = row?.[kind]?.value ?? null;
        const reason = row ? reasonFor(row, kind) : null;
        const words = value === null ? (reason ?? t.grid.notMeasured) : formatNumber(value, digits);
        const rgb =
          value === null
            ? NOT_MEASURED
            : colourAt(palette, (value - range[0]) / (range[1] - range[0]));
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the table offers the same by keyboard
          <g
            key={segment}
            className="wedge"
            data-segment={segment}
            data-selected={segment === selected || undefined}
            onClick={() => display.setState({ segment })}
            {...hotHandlers(segment)}
          >
            <title>{t.bullseye.segment(segment, row?.name ?? "", words)}</title>
            <path d={path} fill={valueColour(palette, value, range)} />
            <text x={label[0]} y={label[1]} fill={inkOn(rgb)}>
              {value === null ? "–" : formatNumber(value, digits)}
            </text>
            {row && kind !== "mpr" && isChanged(row, kind) && (
              <circle className="wedge-changed" cx={label[0]} cy={label[1] + 0.095} r="0.022" />
            )}
          </g>
        );
      })}
    </svg>
  );
}

function isChanged(row: TableRow, kind: Condition): boolean {
  const source = row[kind]?.source;
  return source !== undefined && source !== "automated";
}

function reasonFor(row: TableRow, kind: Kind): string | null {
  return kind === "mpr" ? (row.mpr?.reason ?? null) : (row[kind]?.not_measured_reason ?? null);
}

function summary(kind: Kind, rows: Map<TableRow["segment"], TableRow>, digits: number): string {
  const parts = WEDGES.map(
    ({ segment }) => `${segment}: ${formatNumber(rows.get(segment)?.[kind]?.value, digits)}`,
  );
  return `${t.bullseye[kind]}; ${parts.join(", ")}`;
}
