import { expect, test } from "vitest";
import {
  apply,
  canvasMatrix,
  compose,
  imageToCell,
  invert,
  type SlicePlane,
  START_VIEW,
  wholeFieldMm,
  zoomAbout,
} from "../src/logic/affine.ts";

const CELL = { width: 301, height: 277 };

/** Non-square pixels, shown turned by a quarter and mirrored. */
const TURNED: SlicePlane = {
  pixel_spacing_mm: [2.5, 1.25],
  shape: [60, 111, 192],
  standard_view: { matrix: [0, -1, 111, 1, 0, 0] },
};
const PLAIN: SlicePlane = {
  pixel_spacing_mm: [1.9, 1.9],
  shape: [60, 120, 160],
  standard_view: { matrix: [1, 0, 0, 0, 1, 0] },
};

test("image points survive the round trip to the screen within a thousandth of a pixel", () => {
  const view = { zoom: 3.7, panRightMm: -12.3, panDownMm: 8.8 };
  for (const plane of [TURNED, PLAIN]) {
    const there = imageToCell(plane, [51.25, 90.5], CELL, 120, view);
    const back = invert(there);
    for (const [x, y] of [
      [0, 0],
      [191, 110],
      [90.25, 33.75],
    ] as const) {
      const [u, v] = apply(back, ...apply(there, x, y));
      expect(Math.abs(u - x)).toBeLessThan(1e-3);
      expect(Math.abs(v - y)).toBeLessThan(1e-3);
    }
  }
});

test("the chosen point is in the middle of the cell", () => {
  const matrix = imageToCell(TURNED, [40, 70], CELL, 120, START_VIEW);
  expect(apply(matrix, 70, 40)[0]).toBeCloseTo(CELL.width / 2);
  expect(apply(matrix, 70, 40)[1]).toBeCloseTo(CELL.height / 2);
});

test("distances on the screen are distances in millimetres, also for non-square pixels", () => {
  const matrix = imageToCell(TURNED, [40, 70], CELL, 100, START_VIEW);
  const perMm = CELL.height / 100;
  const [x0, y0] = apply(matrix, 70, 40);
  const [x1, y1] = apply(matrix, 80, 40);
  const [x2, y2] = apply(matrix, 70, 50);
  expect(Math.hypot(x1 - x0, y1 - y0)).toBeCloseTo(10 * 1.25 * perMm);
  expect(Math.hypot(x2 - x0, y2 - y0)).toBeCloseTo(10 * 2.5 * perMm);
});

test("the display matrix decides which way is right and down", () => {
  const matrix = imageToCell(TURNED, [40, 70], CELL, 100, START_VIEW);
  const [x0, y0] = apply(matrix, 70, 40);
  const [x1, y1] = apply(matrix, 71, 40);
  expect(y1).toBeGreaterThan(y0);
  expect(x1).toBeCloseTo(x0);
  expect(apply(matrix, 70, 41)[0]).toBeLessThan(x0);
});

test("a canvas pixel is drawn around its centre", () => {
  const image = imageToCell(PLAIN, [60, 80], CELL, 120, START_VIEW);
  const centreOfPixel = apply(canvasMatrix(image), 80.5, 60.5);
  expect(centreOfPixel[0]).toBeCloseTo(apply(image, 80, 60)[0]);
  expect(centreOfPixel[1]).toBeCloseTo(apply(image, 80, 60)[1]);
});

test("zooming about a point leaves that point where it is", () => {
  const before = { zoom: 1.5, panRightMm: 4, panDownMm: -7 };
  const [right, down] = [22, -13];
  const scale = CELL.height / 100;
  const under = (view: typeof before) =>
    apply(
      invert(imageToCell(PLAIN, [60, 80], CELL, 100, view)),
      CELL.width / 2 + right * scale,
      CELL.height / 2 + down * scale,
    );
  // The screen point lies `right`, `down` mm (at zoom 1) from the cell's centre.
  const [x1, y1] = under(before);
  const [x2, y2] = under(zoomAbout(before, 2, right / before.zoom, down / before.zoom));
  expect(x2).toBeCloseTo(x1);
  expect(y2).toBeCloseTo(y1);
  expect(zoomAbout(before, 2, right, down).zoom).toBe(3);
});

test("the whole field holds the longer side", () => {
  expect(wholeFieldMm(PLAIN)).toBeCloseTo(160 * 1.9);
  expect(wholeFieldMm(TURNED)).toBeCloseTo(111 * 2.5);
});

test("composing with the inverse is the identity", () => {
  const matrix = imageToCell(TURNED, [40, 70], CELL, 100, START_VIEW);
  compose(matrix, invert(matrix)).forEach((v, i) => {
    expect(v).toBeCloseTo([1, 0, 0, 1, 0, 0][i] ?? 0);
  });
});

test("a flat map is refused", () => {
  expect(() => invert([1, 1, 1, 1, 0, 0])).toThrow(RangeError);
});
