import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { useStore } from "zustand";
import type { AcquisitionView } from "../api/analysisTypes.ts";
import { type LoadedArray, physical } from "../api/arrays.ts";
import type { Point } from "../api/basicTypes.ts";
import type { AifImages as Images } from "../api/imageTypes.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { pathOf, resample, signedArea } from "../logic/contour.ts";
import {
  countOf,
  emptyMask,
  grown,
  type Mask,
  outlineOf,
  painted,
  rasterise,
} from "../logic/mask.ts";
import { leftOut, toggleFrame, withPolygon } from "../logic/repair.ts";
import { type AifViewName, paintView } from "../render/aifImage.ts";
import { t } from "../shared/strings.ts";
import { arrayOf, pixelStates } from "../store/pixels.ts";
import { changeRepair, repairs } from "../store/repair.ts";
import { useViewer } from "./context.ts";
import { FrameStrip } from "./FrameStrip.tsx";
import { LEFT_OUT_BY_READER } from "./leaveOut.ts";

type Tool = "look" | "draw" | "paint" | "erase";
const TOOLS: Tool[] = ["look", "draw", "paint", "erase"];
const VIEWS: AifViewName[] = ["frame", "peak", "mean"];
const BRUSH_PX = 0.6;
const LEAST_AREA_PX = 4;
/** Pixels shown around both pools: enough to find them again where the analysis erred. */
const MARGIN_PX = 14;
const ARROWS: Record<string, Point> = {
  ArrowUp: [-0.5, 0],
  ArrowDown: [0.5, 0],
  ArrowLeft: [0, -0.5],
  ArrowRight: [0, 0.5],
};

/** The input images with their blood pools; the reader can redraw the pool and leave frames out. */
export function AifImages({
  data,
  acquisition,
  images,
}: {
  data: ViewerState;
  acquisition: AcquisitionView;
  images: Images;
}) {
  const states = useStore(pixelStates);
  const refs = [images.movie, images.lv_mask, images.rv_mask];
  const [movie, lv, rv] = refs.map((ref) => arrayOf(ref));
  if (!movie || !lv || !rv) {
    const failed = refs.some((ref) => states[ref.url] === "failed");
    return <p className="muted">{failed ? t.aifImages.failed : t.aifImages.loading}</p>;
  }
  return (
    <PoolEditor
      data={data}
      acquisition={acquisition}
      images={images}
      movie={movie}
      found={maskOf(lv)}
      right={maskOf(rv)}
    />
  );
}

function maskOf({ ref, data }: LoadedArray): Mask {
  const [rows = 0, columns = 0] = ref.shape;
  return { data: Uint8Array.from(data), rows, columns };
}

function PoolEditor({
  data,
  acquisition,
  images,
  movie,
  found,
  right,
}: {
  data: ViewerState;
  acquisition: AcquisitionView;
  images: Images;
  movie: LoadedArray;
  found: Mask;
  right: Mask;
}) {
  const { grid } = useViewer();
  const { key } = acquisition;
  const { rows, columns } = found;
  const repair = useStore(repairs, (s) => s.repair);
  const parameters = data.result_run?.parameters;
  const [view, setView] = useState<AifViewName>("peak");
  const [tool, setTool] = useState<Tool>("look");
  const [stroke, setStroke] = useState<Point[] | null>(null);
  const [frame, setFrame] = useState(() =>
    nearest(images.time_s, timeOf(acquisition, grid.clock.frame)),
  );
  const canvas = useRef<HTMLCanvasElement>(null);
  const marker = useRef<SVGRectElement>(null);
  const foundPath = useMemo(() => pathOf(outlineOf(found)), [found]);
  const rightPath = useMemo(() => pathOf(outlineOf(right)), [right]);
  const waiting = repair?.polygons[key];
  const drawn = waiting === undefined ? images.polygon_rc : waiting;
  const crop = useMemo(() => around(found, right), [found, right]);
  const pool = drawn ? rasterise(drawn, rows, columns) : found;
  const editable = data.can_run && parameters !== undefined;

  useEffect(() => {
    const draw = (now: number) => {
      if (canvas.current) paintView(canvas.current, movie, images.frame_status, view, now);
      marker.current?.setAttribute("x", String(now));
    };
    draw(frame);
    return grid.onFrameChange((gridFrame, playing) => {
      const now = nearest(images.time_s, timeOf(acquisition, gridFrame));
      draw(now);
      if (!playing) setFrame(now);
    });
  }, [grid, acquisition, images, movie, view, frame]);

  const setPolygon = (polygon: Point[] | null) => {
    if (!parameters) return;
    if (polygon && Math.abs(signedArea(polygon)) < LEAST_AREA_PX) return;
    changeRepair((now) => withPolygon(now, parameters, key, polygon));
  };
  const setMask = (mask: Mask) => setPolygon(outlineOf(mask));
  const seek = (to: number) => {
    setFrame(to);
    setView("frame");
    grid.seek(nearest(leadTimes(acquisition), images.time_s[to] ?? 0));
  };
  const place = (event: PointerEvent<SVGSVGElement>): Point => {
    const box = event.currentTarget.getBoundingClientRect();
    return [
      crop.row + ((event.clientY - box.top) / box.height) * crop.rows - 0.5,
      crop.column + ((event.clientX - box.left) / box.width) * crop.columns - 0.5,
    ];
  };
  const extend = (points: Point[]) => {
    if (tool === "draw") setStroke(points);
    else setMask(painted(pool, points.at(-1) as Point, BRUSH_PX, tool === "paint"));
  };
  const nudge = (event: KeyboardEvent) => {
    const step = ARROWS[event.key];
    if (!step || !editable) return;
    event.preventDefault();
    event.stopPropagation();
    const polygon = drawn ?? outlineOf(found);
    setPolygon(polygon.map(([r, c]) => [r + step[0], c + step[1]]));
  };
  const out = parameters ? leftOut(repair, parameters, "aifFrames", key) : [];
  const code = images.frame_status[frame] ?? 0;
  const title = t.aifImages.title(t.conditions[acquisition.condition]);
  return (
    <div className="aif-images" data-testid={`aif-images-${key}`}>
      <div className="aif-picture" style={{ aspectRatio: `${crop.columns} / ${crop.rows}` }}>
        <canvas
          ref={canvas}
          width={columns}
          height={rows}
          style={{
            inlineSize: `${(100 * columns) / crop.columns}%`,
            insetInlineStart: `${(-100 * crop.column) / crop.columns}%`,
            insetBlockStart: `${(-100 * crop.row) / crop.rows}%`,
          }}
        />
        <svg
          viewBox={`${crop.column - 0.5} ${crop.row - 0.5} ${crop.columns} ${crop.rows}`}
          preserveAspectRatio="none"
          role="application"
          aria-label={`${title}. ${t.aifImages.help}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move the pool
          tabIndex={0}
          data-tool={tool}
          onKeyDown={nudge}
          onPointerDown={(event) => {
            if (tool === "look" || !editable) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            extend([place(event)]);
          }}
          onPointerMove={(event) => {
            if (event.buttons !== 1 || tool === "look" || !editable) return;
            extend([...(stroke ?? []), place(event)]);
          }}
          onPointerUp={() => {
            if (tool === "draw" && stroke && stroke.length > 5) setPolygon(resample(stroke, 48));
            setStroke(null);
          }}
        >
          <path className="pool pool-rv" d={rightPath} />
          <path className="pool pool-found" d={foundPath} data-old={drawn !== null || undefined} />
          {drawn && <path className="pool pool-drawn" d={pathOf(drawn)} />}
          {stroke && <path className="pool pool-drawn" d={pathOf(stroke, false)} />}
        </svg>
      </div>
      <div className="aif-tools">
        <span className="modes" role="group" aria-label={t.aifImages.show}>
          {VIEWS.map((name) => (
            <Choice key={name} on={view === name} choose={() => setView(name)}>
              {t.aifImages.views[name]}
            </Choice>
          ))}
        </span>
        {editable && (
          <span className="modes" role="group" aria-label={t.aifImages.toolsLabel}>
            {TOOLS.map((name) => (
              <Choice key={name} on={tool === name} choose={() => setTool(name)} id={`aif-${name}`}>
                {t.aifImages.tools[name]}
              </Choice>
            ))}
          </span>
        )}
        {editable && (
          <span className="modes">
            <button type="button" className="mode" onClick={() => setMask(grown(pool, 1))}>
              {t.aifImages.grow}
            </button>
            <button type="button" className="mode" onClick={() => setMask(grown(pool, -1))}>
              {t.aifImages.shrink}
            </button>
            <button
              type="button"
              className="mode"
              title={t.aifImages.backHint}
              disabled={drawn === null}
              onClick={() => setPolygon(null)}
            >
              {t.aifImages.back}
            </button>
          </span>
        )}
        <p className="muted">
          <span className="key key-found">{t.aifImages.legend.found}</span>{" "}
          {drawn && <span className="key key-drawn">{t.aifImages.legend.drawn}</span>}{" "}
          {countOf(right) > 0 && <span className="key key-rv">{t.aifImages.legend.rv}</span>} ·{" "}
          <span data-testid={`aif-pixels-${key}`}>{t.aifImages.pixels(countOf(pool))}</span>
        </p>
        <p className="muted">
          {t.aifImages.label(
            frame + 1,
            images.time_s.length,
            (images.time_s[frame] ?? 0).toFixed(1),
          )}
          {code !== 0 && ` · ${images.frame_status_words[frame]}`}
        </p>
        <FrameStrip
          label={title}
          status={images.frame_status}
          words={images.frame_status_words}
          heights={brightness(movie, pool, images.frame_status)}
          leftOut={out}
          seek={seek}
          marker={marker}
        />
        {editable && (code === 0 || code === LEFT_OUT_BY_READER) && (
          <button
            type="button"
            className="button button-small"
            data-testid={`aif-leave-out-${key}`}
            aria-pressed={out.includes(frame)}
            onClick={() =>
              parameters &&
              changeRepair((now) => toggleFrame(now, parameters, "aifFrames", key, frame))
            }
          >
            {out.includes(frame) ? t.frames.again(frame + 1) : t.frames.leaveOut(frame + 1)}
          </button>
        )}
      </div>
    </div>
  );
}

function Choice({
  on,
  choose,
  id,
  children,
}: {
  on: boolean;
  choose: () => void;
  id?: string;
  children: string;
}) {
  return (
    <button type="button" className="mode" aria-pressed={on} data-testid={id} onClick={choose}>
      {children}
    </button>
  );
}

/** Mean of the pool per frame, scaled to 0-1: where the bolus is. */
function brightness(movie: LoadedArray, pool: Mask, status: readonly number[]): number[] {
  const [, frames = 0, rows = 0, columns = 0] = movie.ref.shape;
  const inside = [...(pool.data.some(Boolean) ? pool : emptyMask(rows, columns)).data.entries()]
    .filter(([, on]) => on)
    .map(([index]) => index);
  const means = Array.from({ length: frames }, (_, frame) => {
    const start = frame * rows * columns;
    return inside.reduce((sum, index) => sum + physical(movie, start + index), 0) / inside.length;
  });
  const top = Math.max(
    ...means.filter((mean, i) => status[i] === 0 && Number.isFinite(mean)),
    1e-9,
  );
  return means.map((mean) => (Number.isFinite(mean) ? mean / top : 0));
}

/** The part of the image that is shown: both pools with a margin; all of it where there is none. */
function around(...masks: Mask[]) {
  const { rows, columns } = masks[0] as Mask;
  const held = masks.flatMap((mask) => [...mask.data.keys()].filter((index) => mask.data[index]));
  if (held.length === 0) return { row: 0, column: 0, rows, columns };
  const ys = held.map((index) => Math.floor(index / columns));
  const xs = held.map((index) => index % columns);
  const top = Math.max(0, Math.min(...ys) - MARGIN_PX);
  const left = Math.max(0, Math.min(...xs) - MARGIN_PX);
  return {
    row: top,
    column: left,
    rows: Math.min(rows, Math.max(...ys) + MARGIN_PX + 1) - top,
    columns: Math.min(columns, Math.max(...xs) + MARGIN_PX + 1) - left,
  };
}

function leadTimes(acquisition: AcquisitionView): number[] {
  return acquisition.slices[0]?.time_s ?? [];
}

function timeOf(acquisition: AcquisitionView, frame: number): number {
  const times = leadTimes(acquisition);
  return times[Math.min(frame, times.length - 1)] ?? 0;
}

function nearest(times: readonly number[], wanted: number): number {
  let best = 0;
  times.forEach((time, index) => {
    if (Math.abs(time - wanted) < Math.abs((times[best] ?? 0) - wanted)) best = index;
  });
  return best;
}
