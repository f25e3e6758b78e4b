/** One cell of the reading grid: a canvas at image resolution, placed by a CSS transform. */

import type { AcquisitionView, Contours, Slice } from "../api/analysisTypes.ts";
import type { LoadedArray } from "../api/arrays.ts";
import { physical } from "../api/arrays.ts";
import type { Point } from "../api/basicTypes.ts";
import {
  apply,
  canvasMatrix,
  cssMatrix,
  imageToCell,
  invert,
  type Matrix,
  wholeFieldMm,
} from "../logic/affine.ts";
import { isMapMode } from "../logic/modes.ts";
import { DIFFERENCE_RANGE, type PaletteName, UNCERTAINTY_RANGE } from "../logic/palette.ts";
import { type GreyWindow, windowFromQuantiles, windowTable } from "../logic/window.ts";
import { arraysOf, type Display, type Mode, modeOf } from "../store/display.ts";
import { arrayOf } from "../store/pixels.ts";
import { blendOver, keepLeft, paintDifference, paintFrame, paintMap } from "./paint.ts";

export const UPSLOPE_RANGE: readonly [number, number] = [0, 0.5];
/** 256 KB each; two are in use at a time. */
const MOST_TABLES = 4;
const GD_WINDOW: GreyWindow = { centre: 1, width: 2 };

export interface CellParts {
  root: HTMLElement;
  canvas: HTMLCanvasElement;
  /** Overlay groups in image coordinates (x = column, y = row). */
  overlay: SVGSVGElement;
  readout: HTMLElement;
}

export class Cell {
  slice: Slice;
  acquisition: AcquisitionView;
  readonly parts: CellParts;
  /** What the view is centred on; as it was when the cell was made, or it would follow each edit. */
  readonly heart: Contours | null;
  size = { width: 1, height: 1 };
  matrix: Matrix = [1, 0, 0, 1, 0, 0];
  private readonly image: ImageData;
  private readonly pixels: Uint32Array;
  private readonly scratch: Uint32Array;
  private autoWindows = new Map<string, GreyWindow>();
  private readonly tables = new Map<string, Uint32Array>();
  private drawn = "";

  constructor(acquisition: AcquisitionView, slice: Slice, parts: CellParts) {
    this.acquisition = acquisition;
    this.slice = slice;
    this.heart = slice.automated_contours ?? slice.contours;
    this.parts = parts;
    const [, rows, columns] = slice.shape;
    parts.canvas.width = columns;
    parts.canvas.height = rows;
    this.image = new ImageData(columns, rows);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.scratch = new Uint32Array(this.pixels.length);
  }

  mode(display: Display): Mode {
    return modeOf(display.modes, this.acquisition, this.slice);
  }

  /** Image point in the middle of the cell: the heart, else the image's centre. */
  centre(field: Display["field"]): Point {
    const [, rows, columns] = this.slice.shape;
    const heart = this.heart?.lv_centre_rc;
    return field === "heart" && heart ? heart : [(rows - 1) / 2, (columns - 1) / 2];
  }

  place(display: Display, heartFieldMm: number | null): void {
    const field =
      display.field === "heart" && heartFieldMm ? heartFieldMm : wholeFieldMm(this.slice);
    this.matrix = imageToCell(
      this.slice,
      this.centre(display.field),
      this.size,
      field,
      display.view,
    );
    this.parts.canvas.style.transform = cssMatrix(canvasMatrix(this.matrix));
    const transform = cssMatrix(this.matrix);
    for (const group of this.parts.overlay.querySelectorAll("[data-image-space]")) {
      group.setAttribute("transform", transform);
    }
    for (const label of this.parts.overlay.querySelectorAll<SVGElement>("[data-at]")) {
      const [row = 0, column = 0] = (label.dataset.at ?? "").split(",").map(Number);
      const [x, y] = apply(this.matrix, column, row);
      label.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
    }
  }

  /** Draw if anything that shows has changed; false where the pixels are not there yet. */
  draw(display: Display, frame: number): boolean {
    const mode = this.mode(display);
    const [array, second] = arraysOf(this.slice, mode).map(arrayOf);
    const two = mode === "motion" || mode.startsWith("diff:");
    if (!array || (two && !second)) {
      this.clear();
      return false;
    }
    const isMap = isMapMode(mode);
    const under = isMap && display.opacity < 1 ? arrayOf(this.slice.arrays.movie) : undefined;
    const key = [
      mode,
      array.ref.url,
      isMap && !under ? "" : Math.min(frame, this.slice.shape[0] - 1),
      under ? display.opacity : "",
      isMap ? `${display.palette} ${display.range}` : "",
      isMap && !under ? "" : `${display.brightness} ${display.contrast}`,
      mode === "motion" ? `${this.matrix} ${this.size.width}` : "",
    ].join("|");
    if (key === this.drawn) return true;
    this.drawn = key;
    if (mode === "motion") {
      this.paintWipe(array, second as LoadedArray, frame, display);
    } else if (!isMap) {
      paintFrame(this.pixels, array, frame, this.windowFor(mode, array, display));
    } else {
      const { palette, range } = mapColours(mode, display);
      const onto = under ? this.scratch : this.pixels;
      if (second) paintDifference(onto, array, second, palette, range);
      else paintMap(onto, array, palette, range);
      if (under) {
        paintFrame(this.pixels, under, frame, this.windowFor("movie", under, display));
        blendOver(this.pixels, this.scratch, display.opacity);
      }
    }
    this.parts.canvas.style.imageRendering = isMap ? "pixelated" : "auto";
    this.parts.canvas.getContext("2d")?.putImageData(this.image, 0, 0);
    return true;
  }

  /** Corrected frame, with the frame as acquired left of the middle of the cell. */
  private paintWipe(
    after: LoadedArray,
    before: LoadedArray,
    frame: number,
    display: Display,
  ): void {
    paintFrame(this.pixels, after, frame, this.windowFor("movie", after, display));
    // One window for both, or a difference of brightness would be taken for motion.
    const window = this.windowFor("movie", before, display, after);
    paintFrame(this.scratch, before, frame, window);
    const [a, , c, , e] = this.matrix;
    keepLeft(
      this.pixels,
      this.scratch,
      this.slice.shape[2],
      (row, column) => a * column + c * row + e < this.size.width / 2,
    );
  }

  private clear(): void {
    if (this.drawn === "clear") return;
    this.drawn = "clear";
    this.parts.canvas
      .getContext("2d")
      ?.clearRect(0, 0, this.parts.canvas.width, this.parts.canvas.height);
  }

  /** Table from stored values to grey; `like` gives the window where it is another array's. */
  private windowFor(
    mode: Mode,
    array: LoadedArray,
    display: Display,
    like: LoadedArray = array,
  ): Uint32Array {
    const { url, scale, offset } = array.ref;
    let base = this.autoWindows.get(like.ref.url);
    if (!base) {
      base =
        mode === "gd" ? GD_WINDOW : windowFromQuantiles(like.data, like.ref.scale, like.ref.offset);
      this.autoWindows.set(like.ref.url, base);
    }
    const key = `${url} ${display.brightness} ${display.contrast}`;
    const kept = this.tables.get(key);
    if (kept) return kept;
    const made = windowTable(
      {
        centre: base.centre - display.brightness * base.width,
        width: base.width * display.contrast,
      },
      scale,
      offset,
    );
    if (this.tables.size >= MOST_TABLES) this.tables.clear();
    this.tables.set(key, made);
    return made;
  }

  pxPerMm(): number {
    return Math.hypot(this.matrix[0], this.matrix[1]) / this.slice.pixel_spacing_mm[1];
  }

  /** Screen pixels per image pixel, along rows. */
  pxPerPixel(): number {
    return Math.hypot(this.matrix[2], this.matrix[3]);
  }

  /** The image step (row, column) of `pixels` length that points right/down on the screen. */
  screenStep(right: number, down: number, pixels: number): Point {
    const [a, b, c, d] = invert(this.matrix);
    const column = a * right + c * down;
    const row = b * right + d * down;
    const length = Math.hypot(row, column) || 1;
    return [(row / length) * pixels, (column / length) * pixels];
  }

  /** Image point under a position in the cell's own pixels. */
  imagePoint(x: number, y: number): Point {
    const [column, row] = apply(invert(this.matrix), x, y);
    return [row, column];
  }

  /** What the shown array holds at the pixel that contains a point; null outside the image. */
  valueAt([row, column]: Point, display: Display, frame: number): number | null {
    const [frames, rows, columns] = this.slice.shape;
    const [r, c] = [Math.round(row), Math.round(column)];
    if (r < 0 || c < 0 || r >= rows || c >= columns) return null;
    const mode = this.mode(display);
    const [array, second] = arraysOf(this.slice, mode).map(arrayOf);
    if (!array) return null;
    const plane = array.ref.shape.length === 3 ? Math.min(frame, frames - 1) * rows * columns : 0;
    const value = physical(array, plane + r * columns + c);
    return mode.startsWith("diff:") && second ? value - physical(second, r * columns + c) : value;
  }
}

export function mapColours(
  mode: Mode,
  display: Display,
): { palette: PaletteName; range: readonly [number, number] } {
  if (mode.startsWith("diff:")) return { palette: "difference", range: DIFFERENCE_RANGE };
  if (mode === "uncertainty") return { palette: "viridis", range: UNCERTAINTY_RANGE };
  // Relative indices never wear the colours of absolute flow.
  if (mode === "upslope") return { palette: "viridis", range: UPSLOPE_RANGE };
  return { palette: display.palette, range: display.range };
}
