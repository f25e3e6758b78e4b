import { useEffect, useLayoutEffect, useRef } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/react/shallow";
import type { AcquisitionView, Flag, Slice } from "../api/analysisTypes.ts";
import { isOpen } from "../logic/flags.ts";
import { isMapMode, modeWords } from "../logic/modes.ts";
import { Cell, mapColours } from "../render/cell.ts";
import { t } from "../shared/strings.ts";
import { arraysOf, display, hasMode, type Mode, modeOf, modesOf } from "../store/display.ts";
import { setHot } from "../store/hot.ts";
import { type PixelState, pixelStates, retryFailed, wantNow } from "../store/pixels.ts";
import { study } from "../store/study.ts";
import { barMode } from "./ColourBar.tsx";
import { useViewer } from "./context.ts";
import { useCellGestures } from "./gestures.ts";
import { Overlay } from "./Overlay.tsx";

interface CellProps {
  acquisition: AcquisitionView;
  slice: Slice;
  flags: Flag[];
}

export function CellView({ acquisition, slice, flags }: CellProps) {
  const { grid } = useViewer();
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<SVGSVGElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const cell = useRef<Cell | null>(null);
  const mode = useStore(display, (s) => modeOf(s.modes, acquisition, slice));
  const editing = useStore(display, (s) => s.editing === slice.key);
  const enlarged = useStore(display, (s) => s.enlarged === slice.key);
  const refs = arraysOf(slice, mode);
  const pixels = useStore(pixelStates, (s) =>
    worst(refs.map((one) => (one ? s[one.url] : undefined))),
  );
  const { key, shape } = slice;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the canvas lives as long as its slice
  useEffect(() => {
    if (!root.current || !canvas.current || !overlay.current || !readout.current) return;
    const made = new Cell(acquisition, slice, {
      root: root.current,
      canvas: canvas.current,
      overlay: overlay.current,
      readout: readout.current,
    });
    cell.current = made;
    return grid.add(made);
  }, [grid, key, shape[0], shape[1], shape[2]]);

  useLayoutEffect(() => grid.replaced(slice), [grid, slice]);
  const addresses = refs.map((one) => one?.url).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the arrays are named by their addresses
  useEffect(() => {
    for (const one of refs.toReversed()) wantNow(one);
  }, [addresses]);
  const gestures = useCellGestures(cell, root);

  const title = t.words.slice(t.conditions[acquisition.condition], t.positions[slice.position]);
  const unnumbered = acquisition.quantity !== "mbf";
  return (
    <section
      className="cell"
      data-slice={slice.key}
      data-editing={editing || undefined}
      aria-label={title}
    >
      <header className="cell-head">
        <h2>
          <strong>{t.conditions[acquisition.condition]}</strong> {t.positions[slice.position]}
        </h2>
        <ModeButtons acquisition={acquisition} slice={slice} mode={mode} title={title} />
        <button
          type="button"
          className="mode"
          aria-label={`${enlarged ? t.grid.shrink : t.grid.enlarge}: ${title}`}
          title={enlarged ? t.grid.shrink : t.grid.enlarge}
          onClick={() => display.setState({ enlarged: enlarged ? null : slice.key })}
        >
          {enlarged ? "⤡" : "⤢"}
        </button>
      </header>
      <div
        ref={root}
        className="cell-view"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the image is scrolled and read by keys
        tabIndex={0}
        role="group"
        aria-label={`${title}, ${modeWords(mode, acquisition.model).long}`}
        data-testid={`cell-${slice.key}`}
        data-mode={mode}
        onPointerLeave={() => {
          setHot(null);
          if (readout.current) readout.current.textContent = "";
        }}
        onDoubleClick={() => editing || display.setState({ enlarged: enlarged ? null : slice.key })}
        onContextMenu={(event) => event.preventDefault()}
        {...gestures}
      >
        <canvas ref={canvas} />
        <svg
          ref={overlay}
          className="overlay"
          role={editing ? "group" : "presentation"}
          aria-hidden={editing ? undefined : true}
          aria-label={editing ? t.tools.which : undefined}
        >
          <Overlay slice={slice} cell={cell} editing={editing} />
        </svg>
        <EdgeLetters slice={slice} />
        <CellBadges slice={slice} flags={flags} mode={mode} />
        {unnumbered && <span className="mark-not-quantitative">{t.grid.notQuantitative}</span>}
        {mode === "motion" && pixels === "ready" && (
          <div className="wipe" aria-hidden="true">
            <span>{t.motionCheck.before}</span>
            <span>{t.motionCheck.after}</span>
          </div>
        )}
        <PixelMessage state={refs.every(Boolean) ? (pixels ?? "loading") : "absent"} />
        <div ref={readout} className="readout" data-testid={`readout-${slice.key}`} />
      </div>
    </section>
  );
}

/** Modes that always have a button; the others share a list, so that small cells stay clear. */
const BUTTONS: Mode[] = ["movie", "gd", "mbf", "uncertainty", "upslope"];

function ModeButtons({
  acquisition,
  slice,
  mode,
  title,
}: {
  acquisition: AcquisitionView;
  slice: Slice;
  mode: Mode;
  title: string;
}) {
  const modes = modesOf(acquisition);
  const listed = modes.filter((name) => !BUTTONS.includes(name));
  const choose = (name: Mode) =>
    display.setState((s) => ({ modes: { ...s.modes, [slice.key]: name } }));
  return (
    <div className="modes" role="group" aria-label={`${title}: ${t.grid.label}`}>
      {modes
        .filter((name) => BUTTONS.includes(name))
        .map((name) => (
          <button
            key={name}
            type="button"
            className="mode"
            aria-pressed={name === mode}
            title={modeWords(name).long}
            disabled={!hasMode(slice, name)}
            onClick={() => choose(name)}
          >
            {modeWords(name).short}
          </button>
        ))}
      {listed.length > 0 && (
        <span className="mode mode-list" data-pressed={listed.includes(mode) || undefined}>
          {listed.includes(mode) && <span className="mode-name">{modeWords(mode).short} </span>}▾
          <select
            aria-label={`${title}: ${t.grid.moreModes}`}
            title={t.grid.moreModes}
            data-testid={`more-modes-${slice.key}`}
            value={listed.includes(mode) ? mode : ""}
            onChange={(event) => event.target.value && choose(event.target.value as Mode)}
          >
            <option value="" hidden>
              {t.grid.moreModes}
            </option>
            {listed.map((name) => (
              <option key={name} value={name} disabled={!hasMode(slice, name)}>
                {modeWords(name).short}
              </option>
            ))}
          </select>
        </span>
      )}
    </div>
  );
}

/** The state that a cell with several arrays has: failed before loading before ready. */
function worst(states: (PixelState | undefined)[]): PixelState | undefined {
  return (["failed", "loading", undefined, "ready"] as const).find((s) => states.includes(s));
}

function CellBadges({ slice, flags, mode }: { slice: Slice; flags: Flag[]; mode: Mode }) {
  const open = flags.filter((flag) => flag.slice === slice.key && isOpen(flag));
  const doubtful = open.some((flag) => flag.severity !== "information");
  return (
    <span className="badges">
      <ScaleBadge mode={mode} />
      {slice.segment_to_check !== null && doubtful && (
        <span className="badge badge-warn">▲ {t.grid.check(slice.segment_to_check)}</span>
      )}
      {slice.out_of_distribution && (
        <span className="badge badge-warn" title={t.grid.outOfDistributionHint}>
          ▲ {t.grid.outOfDistribution}
        </span>
      )}
      {slice.edited && <span className="badge badge-edit">✎ {t.grid.edited}</span>}
      {slice.standard_view.assumed && (
        <span className="badge badge-warn">▲ {t.grid.orientationAssumed}</span>
      )}
    </span>
  );
}

/** A map on another scale than the colour bar's says which map it is and what its colours span. */
function ScaleBadge({ mode }: { mode: Mode }) {
  const bar = useStore(display, (s) => barMode(s, study.getState().data?.acquisitions ?? []));
  const [low, high] = useStore(
    display,
    useShallow((s) => mapColours(mode, s).range),
  );
  if (!isMapMode(mode) || scaleOf(mode) === scaleOf(bar)) {
    return mode.includes(":") ? <span className="badge">{modeWords(mode).short}</span> : null;
  }
  return (
    <span className="badge">{t.grid.scale(modeWords(mode).short, String(low), String(high))}</span>
  );
}

/** Modes that share colours and range. */
function scaleOf(mode: Mode): string {
  return mode.startsWith("diff:") ? "diff" : mode.startsWith("mbf") ? "mbf" : mode;
}

function EdgeLetters({ slice }: { slice: Slice }) {
  const { edges } = slice.standard_view;
  return (
    <>
      {(["top", "right", "bottom", "left"] as const).map((side) => (
        <span key={side} className={`edge edge-${side}`}>
          {edges[side]}
        </span>
      ))}
    </>
  );
}

function PixelMessage({ state }: { state: "loading" | "ready" | "failed" | "absent" }) {
  if (state === "ready") return null;
  if (state === "absent") return <p className="cell-message">{t.load.noMap}</p>;
  if (state === "loading") return <p className="cell-message">{t.load.cellLoading}</p>;
  return (
    <div className="cell-message" role="alert">
      <p>{t.load.cellFailed}</p>
      <button type="button" className="button button-small" onClick={retryFailed}>
        {t.common.retry}
      </button>
    </div>
  );
}
