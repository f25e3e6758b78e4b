/** All cells on one clock: one animation frame places and draws whatever has changed. */

import type { Slice } from "../api/analysisTypes.ts";
import type { Point } from "../api/basicTypes.ts";
import { stepsMm } from "../logic/affine.ts";
import { CineClock } from "../logic/clock.ts";
import { contains } from "../logic/contour.ts";
import { modeWords } from "../logic/modes.ts";
import { formatNumber } from "../logic/numbers.ts";
import { t } from "../shared/strings.ts";
import { arraysOf, display } from "../store/display.ts";
import { setHot } from "../store/hot.ts";
import { onPixels } from "../store/pixels.ts";
import type { Cell } from "./cell.ts";

/** How much of the shorter side the largest heart fills in the "heart" field. */
const HEART_SHARE = 0.5;
const SMALLEST_FIELD_MM = 70;

type FrameListener = (frame: number, playing: boolean) => void;

export class Grid {
  readonly clock = new CineClock();
  readonly cells = new Map<string, Cell>();
  /** Milliseconds between drawn cine frames, newest last; read by the benchmark. */
  readonly intervals: number[] = [];
  /** The slice that the pointer or the focus visited last. */
  visited: string | null = null;
  /** Image point that the pointer showed there last. */
  visitedPoint: Point | null = null;
  private heartFieldMm: number | null = null;
  private placing = true;
  private scheduled = 0;
  private lastDrawn = 0;
  private readonly frameListeners = new Set<FrameListener>();
  private readonly sizes = new ResizeObserver((entries) => this.resized(entries));
  private readonly leave: (() => void)[];

  constructor() {
    this.leave = [
      display.subscribe((state, before) => {
        this.clock.framesPerSecond = state.framesPerSecond;
        this.dirty(state.view !== before.view || state.field !== before.field);
      }),
      onPixels(() => this.dirty()),
    ];
    this.clock.framesPerSecond = display.getState().framesPerSecond;
  }

  add(cell: Cell): () => void {
    this.cells.set(cell.slice.key, cell);
    this.sizes.observe(cell.parts.root);
    this.measure();
    this.dirty(true);
    return () => {
      this.sizes.unobserve(cell.parts.root);
      if (this.cells.get(cell.slice.key) === cell) this.cells.delete(cell.slice.key);
    };
  }

  /** After new contours or sectors: same picture, other overlay. */
  replaced(slice: Slice): void {
    const cell = this.cells.get(slice.key);
    if (cell) cell.slice = slice;
    this.dirty(true);
  }

  /** Place one cell's overlay at once, for elements that were just made. */
  placeNow(cell: Cell): void {
    cell.place(display.getState(), this.heartFieldMm);
  }

  private measure(): void {
    const slices = [...this.cells.values()].map((cell) => cell.slice);
    this.clock.setFrames(Math.max(1, ...slices.map((slice) => slice.shape[0])));
    const radii = [...this.cells.values()].map(heartRadiusMm).filter((radius) => radius > 0);
    this.heartFieldMm = radii.length
      ? Math.max(SMALLEST_FIELD_MM, (2 * Math.max(...radii)) / HEART_SHARE)
      : null;
  }

  private resized(entries: ResizeObserverEntry[]): void {
    for (const cell of this.cells.values()) {
      const entry = entries.find(({ target }) => target === cell.parts.root);
      if (entry) cell.size = { width: entry.contentRect.width, height: entry.contentRect.height };
    }
    this.dirty(true);
  }

  dirty(placing = false): void {
    this.placing ||= placing;
    if (!this.scheduled) this.scheduled = requestAnimationFrame((now) => this.onFrame(now));
  }

  private onFrame(now: number): void {
    this.scheduled = 0;
    const advanced = this.clock.tick(now);
    const state = display.getState();
    for (const cell of this.cells.values()) {
      if (this.placing) cell.place(state, this.heartFieldMm);
      cell.parts.root.dataset.pixels = cell.draw(state, this.clock.frame) ? "ready" : "missing";
    }
    this.placing = false;
    if (advanced) {
      this.tell();
      if (this.lastDrawn) this.intervals.push(now - this.lastDrawn);
      if (this.intervals.length > 600) this.intervals.shift();
      this.lastDrawn = now;
    }
    if (this.clock.playing) this.dirty();
    else this.lastDrawn = 0;
  }

  onFrameChange(listener: FrameListener): () => void {
    this.frameListeners.add(listener);
    return () => this.frameListeners.delete(listener);
  }

  private tell(): void {
    for (const listener of this.frameListeners) listener(this.clock.frame, this.clock.playing);
  }

  play(playing: boolean): void {
    if (playing) this.clock.play();
    else this.clock.pause();
    this.tell();
    this.dirty();
  }

  seek(frame: number): void {
    this.clock.seek(frame);
    this.tell();
    this.dirty();
  }

  step(by: number): void {
    this.clock.pause();
    this.clock.step(by);
    this.tell();
    this.dirty();
  }

  /** Show value, segment and position under the pointer and light the segment everywhere. */
  point(cell: Cell, x: number, y: number): void {
    const state = display.getState();
    this.visited = cell.slice.key;
    const point = cell.imagePoint(x, y);
    this.visitedPoint = point;
    const value = cell.valueAt(point, state, this.clock.frame);
    const segment = segmentAt(cell.slice, point);
    setHot(segment);
    const mode = cell.mode(state);
    const unit = arraysOf(cell.slice, mode)[0]?.unit ?? "";
    cell.parts.readout.textContent =
      value === null
        ? ""
        : [
            Number.isNaN(value)
              ? `${modeWords(mode).short} ${t.grid.notMeasured}`
              : t.grid.value(modeWords(mode).short, formatNumber(value), unit),
            segment === null ? "" : t.grid.segment(segment),
            `${Math.round(point[0])}, ${Math.round(point[1])} px`,
          ]
            .filter(Boolean)
            .join(" · ");
  }

  close(): void {
    for (const leave of this.leave) leave();
    this.sizes.disconnect();
    cancelAnimationFrame(this.scheduled);
    this.cells.clear();
  }
}

export function segmentAt(slice: Slice, point: [number, number]): number | null {
  return slice.sectors.find((sector) => contains(sector.outline_rc, point))?.segment ?? null;
}

function heartRadiusMm({ heart, slice }: Cell): number {
  if (!heart) return 0;
  const { column, row } = stepsMm(slice);
  const [centreRow, centreColumn] = heart.lv_centre_rc;
  return Math.max(
    0,
    ...heart.epi_rc.map(([r, c]) =>
      Math.hypot(
        (c - centreColumn) * column[0] + (r - centreRow) * row[0],
        (c - centreColumn) * column[1] + (r - centreRow) * row[1],
      ),
    ),
  );
}
