/** 2-D affine maps and the one place where pixels, millimetres and the screen meet. */

import type { Point } from "../api/basicTypes.ts";

/** x' = a x + c y + e, y' = b x + d y + f: the order of CSS matrix() and SVG. */
export type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export function apply(m: Matrix, x: number, y: number): [number, number] {
  return [m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]];
}

/** The map that first does `inner`, then `outer`. */
export function compose(outer: Matrix, inner: Matrix): Matrix {
  return [
    outer[0] * inner[0] + outer[2] * inner[1],
    outer[1] * inner[0] + outer[3] * inner[1],
    outer[0] * inner[2] + outer[2] * inner[3],
    outer[1] * inner[2] + outer[3] * inner[3],
    outer[0] * inner[4] + outer[2] * inner[5] + outer[4],
    outer[1] * inner[4] + outer[3] * inner[5] + outer[5],
  ];
}

export function invert(m: Matrix): Matrix {
  const determinant = m[0] * m[3] - m[1] * m[2];
  if (!Number.isFinite(determinant) || Math.abs(determinant) < 1e-12) {
    throw new RangeError("This map has no inverse");
  }
  const [a, b, c, d] = [m[3], -m[1], -m[2], m[0]].map((v) => v / determinant) as [
    number,
    number,
    number,
    number,
  ];
  return [a, b, c, d, -(a * m[4] + c * m[5]), -(b * m[4] + d * m[5])];
}

export function cssMatrix(m: Matrix): string {
  return `matrix(${m.map((v) => v.toFixed(5)).join(",")})`;
}

/** How all cells look at their slices: together, in millimetres. */
export interface View {
  zoom: number;
  panRightMm: number;
  panDownMm: number;
}

export const START_VIEW: View = { zoom: 1, panRightMm: 0, panDownMm: 0 };

export interface SlicePlane {
  pixel_spacing_mm: readonly [row: number, column: number];
  standard_view: { matrix: readonly [number, number, number, number, number, number] };
  shape: readonly [frames: number, rows: number, columns: number];
}

/**
 * Directions of one column step and one row step in the standard view, in mm (right, down).
 *
 * Only the directions of the server's matrix are used; lengths come from the pixel spacing, so
 * that non-square pixels are drawn with their true shape.
 */
export function stepsMm(plane: SlicePlane): {
  column: [number, number];
  row: [number, number];
} {
  const m = plane.standard_view.matrix;
  const unit = (x: number, y: number, length: number): [number, number] => {
    const norm = Math.hypot(x, y) || 1;
    return [(x / norm) * length, (y / norm) * length];
  };
  return {
    column: unit(m[0], m[3], plane.pixel_spacing_mm[1]),
    row: unit(m[1], m[4], plane.pixel_spacing_mm[0]),
  };
}

/**
 * From image coordinates (x = column, y = row, integers are pixel centres) to a cell's pixels.
 *
 * `centre` is the image point shown in the middle of the cell, `fieldMm` what the cell's shorter
 * side shows at zoom 1.
 */
export function imageToCell(
  plane: SlicePlane,
  centre: Point,
  cell: { width: number; height: number },
  fieldMm: number,
  view: View,
): Matrix {
  const scale = (Math.min(cell.width, cell.height) / fieldMm) * view.zoom;
  const { column, row } = stepsMm(plane);
  const [a, b, c, d] = [column[0] * scale, column[1] * scale, row[0] * scale, row[1] * scale];
  const x = cell.width / 2 + view.panRightMm * scale;
  const y = cell.height / 2 + view.panDownMm * scale;
  return [a, b, c, d, x - a * centre[1] - c * centre[0], y - b * centre[1] - d * centre[0]];
}

/** A canvas whose pixel (0, 0) covers 0-1 has its pixel centres half a pixel further on. */
export function canvasMatrix(image: Matrix): Matrix {
  return compose(image, [1, 0, 0, 1, -0.5, -0.5]);
}

/** Field (mm) that shows the whole slice in a square cell. */
export function wholeFieldMm(plane: SlicePlane): number {
  const { column, row } = stepsMm(plane);
  const [, rows, columns] = plane.shape;
  return Math.max(
    Math.abs(column[0]) * columns + Math.abs(row[0]) * rows,
    Math.abs(column[1]) * columns + Math.abs(row[1]) * rows,
  );
}

/** Zoom about a point given in mm from the cell's centre, which stays where it is. */
export function zoomAbout(view: View, factor: number, rightMm: number, downMm: number): View {
  const zoom = Math.min(20, Math.max(0.5, view.zoom * factor));
  const change = view.zoom / zoom;
  return {
    zoom,
    panRightMm: view.panRightMm - rightMm * (1 - change),
    panDownMm: view.panDownMm - downMm * (1 - change),
  };
}
