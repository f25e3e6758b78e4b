import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import type { Prior } from "../api/assess.ts";
import type { Condition } from "../api/basicTypes.ts";
import type { TableRow, ViewerState } from "../api/readingTypes.ts";
import { wedges } from "../logic/bullseye.ts";
import { CHANGE_LIMIT, changeColour, formatChange } from "../logic/difference.ts";
import { whyEmpty } from "../logic/empty.ts";
import { formatNumber } from "../logic/numbers.ts";
import {
  colourAt,
  cssColour,
  inkOn,
  NOT_MEASURED,
  type PaletteName,
  RATIO_RANGE,
  type Rgb,
  UNCERTAINTY_RANGE,
} from "../logic/palette.ts";
import { UPSLOPE_RANGE } from "../render/cell.ts";
import { formatDate } from "../shared/dates.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { hotHandlers } from "../store/hot.ts";
import { loadPriors, priors } from "../store/priors.ts";
import { gradient } from "./ColourBar.tsx";
import { LayersBullseye } from "./LayersBullseye.tsx";

type Kind = Condition | "mpr";

const WEDGES = wedges();

type BullseyeView = "values" | "layers" | "uncertainty" | "prior";

/** Stress, rest and reserve; the same as layers, uncertainty, or change since an earlier exam. */
export function Bullseyes({ data }: { data: ViewerState }) {
  const [wanted, setView] = useState<BullseyeView>("values");
  const prior = useShownPrior(data, wanted === "prior");
  const rows = useMemo(
    () => new Map(data.table.map((row) => [row.segment, row] as const)),
    [data.table],
  );
  const has = (kind: Kind) =>
    data.table.some((row) => (kind === "mpr" ? row.mpr?.value != null : row[kind] !== null));
  const kinds = (["stress", "rest", "unknown", "mpr"] as const).filter(has);
  const conditions = kinds.filter((kind) => kind !== "mpr");
  const view = wanted === "prior" && prior?.list?.length === 0 ? "values" : wanted;
  const common = { data, rows };
  return (
    <section
      className="bullseyes panel"
      aria-label={t.bullseye.label}
      data-testid="bullseyes"
      data-view={view}
    >
      <div className="bullseye-views" role="group" aria-label={t.assess.views.label}>
        {(["values", "layers", "uncertainty", "prior"] as const).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={view === name}
            data-testid={`bullseye-${name}`}
            disabled={name === "prior" && prior?.list?.length === 0}
            title={name === "prior" && prior?.list?.length === 0 ? t.assess.prior.none : undefined}
            onClick={() => setView(name)}
          >
            {t.assess.views[name]}
          </button>
        ))}
      </div>
      {view === "values" && kinds.map((kind) => <Values key={kind} kind={kind} {...common} />)}
      {view === "layers" && conditions.map((c) => <Layers key={c} condition={c} {...common} />)}
      {view === "uncertainty" &&
        conditions.map((c) => <Uncertainty key={c} condition={c} {...common} />)}
      {view === "prior" &&
        prior?.shown &&
        kinds.map((kind) =>
          kind === "unknown" || !prior.shown ? null : (
            <Change key={kind} kind={kind} prior={prior.shown} {...common} />
          ),
        )}
      {view === "layers" && <p className="muted bullseye-note">{t.assess.views.layersHint}</p>}
      {view === "prior" && prior?.shown && (
        <p className="muted bullseye-note">
          {[t.assess.prior.minus(formatDate(prior.shown.study_date)), prior.shown.unlike]
            .filter(Boolean)
            .join(". ")}
        </p>
      )}
    </section>
  );
}

/** The prior that the report compares with, else the newest one. */
function useShownPrior(data: ViewerState, asked: boolean) {
  const list = useStore(priors, (s) => s.list);
  const revision = data.reading?.revision;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the differences follow the revision
  useEffect(() => {
    if (asked) void loadPriors();
  }, [asked, revision]);
  const chosen = data.entered.comparison.reading;
  return { list, shown: list?.find((one) => one.reading === chosen) ?? list?.[0] };
}

interface Common {
  data: ViewerState;
  rows: ReadonlyMap<TableRow["segment"], TableRow>;
}

function Values({ data, rows, kind }: Common & { kind: Kind }) {
  const scale = useScale(data, kind);
  const relative = isRelative(data, kind);
  const title = relative ? relativeTitle(kind) : t.bullseye[kind];
  return (
    <figure className="bullseye">
      <figcaption>{title}</figcaption>
      <Bullseye
        title={title}
        rows={rows}
        read={(row) => readingOf(row, kind)}
        digits={kind === "mpr" ? 1 : 2}
        {...scale}
      />
      <Bar {...scale} unit={kind === "mpr" || relative ? "" : t.units.mbf} />
    </figure>
  );
}

function relativeTitle(kind: Kind): string {
  return kind === "mpr" ? t.bullseye.mpri : t.bullseye.relative(t.conditions[kind]);
}

function Layers({ data, rows, condition }: Common & { condition: Condition }) {
  const scale = useScale(data, condition);
  return (
    <figure className="bullseye">
      <figcaption>{t.conditions[condition]}</figcaption>
      <LayersBullseye
        title={t.conditions[condition]}
        rows={rows}
        condition={condition}
        {...scale}
      />
      <Bar {...scale} unit={isRelative(data, condition) ? "" : t.units.mbf} />
    </figure>
  );
}

function Uncertainty({ rows, condition }: Common & { condition: Condition }) {
  const scale = { palette: "viridis" as const, range: UNCERTAINTY_RANGE };
  const title = t.assess.views.uncertaintyOf(t.conditions[condition]);
  return (
    <figure className="bullseye">
      <figcaption>{title}</figcaption>
      <Bullseye
        title={title}
        rows={rows}
        digits={2}
        read={(row) => ({
          value: row[condition]?.uncertainty ?? null,
          reason:
            row[condition]?.source === "contour"
              ? t.assess.views.noUncertainty
              : (row[condition]?.not_measured_reason ?? null),
          changed: false,
        })}
        {...scale}
      />
      <Bar {...scale} unit="" />
    </figure>
  );
}

function Change({ rows, kind, prior }: Common & { kind: "stress" | "rest" | "mpr"; prior: Prior }) {
  const title = t.assess.views.changeOf(t.bullseye[kind]);
  return (
    <figure className="bullseye">
      <figcaption>{title}</figcaption>
      <Bullseye
        title={title}
        rows={rows}
        digits={kind === "mpr" ? 1 : 2}
        palette="grey"
        range={[-CHANGE_LIMIT, CHANGE_LIMIT]}
        colour={changeColour}
        format={formatChange}
        read={(row) => ({
          value: prior.difference[String(row.segment)]?.[kind] ?? null,
          reason: null,
          changed: false,
        })}
      />
      <div className="bar-across" aria-hidden="true">
        <span>{formatChange(-CHANGE_LIMIT, 1)}</span>
        <i style={{ background: changeGradient() }} />
        <span>{formatChange(CHANGE_LIMIT, 1)}</span>
      </div>
    </figure>
  );
}

function changeGradient(): string {
  const stops = [-1, 0, 1].map((share) => cssColour(changeColour(share * CHANGE_LIMIT)));
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

function Bar({
  palette,
  range,
  unit,
}: {
  palette: PaletteName;
  range: readonly [number, number];
  unit: string;
}) {
  return (
    <div className="bar-across" aria-hidden="true">
      <span>{range[0]}</span>
      <i style={{ background: gradient(palette, "to right") }} />
      <span>
        {range[1]} {unit}
      </span>
    </div>
  );
}

/** Of one condition: stress may hold flow where rest, without arterial input, holds none. */
function isRelative(data: ViewerState, kind: Kind): boolean {
  return data.acquisitions.some(
    (a) => a.quantity !== "mbf" && (kind === "mpr" || a.condition === kind),
  );
}

function useScale(data: ViewerState, kind: Kind) {
  const palette = useStore(display, (s) => s.palette);
  const range = useStore(display, (s) => s.range);
  if (kind === "mpr") return { palette, range: RATIO_RANGE };
  return isRelative(data, kind)
    ? { palette: "viridis" as const, range: UPSLOPE_RANGE }
    : { palette, range: range as readonly [number, number] };
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
    return {
      value: mpr?.value ?? null,
      reason: mpr?.reason ?? (mpr ? null : whyEmpty(row, kind)),
      changed: false,
    };
  }
  const value = row[kind];
  return {
    value: value?.value ?? null,
    reason: value ? value.not_measured_reason : whyEmpty(row, kind),
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
  colour = (value) => colourAt(palette, (value - range[0]) / (range[1] - range[0])),
  format = formatNumber,
}: {
  title: string;
  rows: ReadonlyMap<TableRow["segment"], TableRow>;
  read: (row: TableRow) => Shown;
  digits: number;
  palette: PaletteName;
  range: readonly [number, number];
  colour?: (value: number) => Rgb;
  format?: (value: number | null, digits: number) => string;
}) {
  const selected = useStore(display, (s) => s.segment);
  const shown = WEDGES.map((wedge) => {
    const row = rows.get(wedge.segment);
    const { value, reason, changed } = row
      ? read(row)
      : { value: null, reason: null, changed: false };
    const words = value === null ? (reason ?? t.grid.notMeasured) : format(value, digits);
    return {
      ...wedge,
      rgb: value === null ? NOT_MEASURED : colour(value),
      name: row?.name ?? "",
      value,
      words,
      changed,
    };
  });
  const summary = shown.map(({ segment, words }) => `${segment}: ${words}`).join(", ");
  return (
    <svg viewBox="-1.02 -1.02 2.04 2.04" role="img" aria-label={`${title}; ${summary}`}>
      {shown.map(({ segment, name, path, label, value, words, changed, rgb }) => (
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
          <path d={path} fill={cssColour(rgb)} />
          <text x={label[0]} y={label[1]} fill={inkOn(rgb)}>
            {format(value, digits)}
          </text>
          {changed && (
            <circle className="wedge-changed" cx={label[0]} cy={label[1] + 0.095} r="0.022" />
          )}
        </g>
      ))}
    </svg>
  );
}
