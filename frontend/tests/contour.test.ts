import { expect, test } from "vitest";
import type { Contours } from "../src/api/analysisTypes.ts";
import type { Point } from "../src/api/basicTypes.ts";
import {
  centroid,
  closeStroke,
  contains,
  contourProblem,
  crossesItself,
  distance,
  dragPoint,
  handleIndices,
  pathOf,
  perimeter,
  relax,
  resample,
  sculpt,
  signedArea,
} from "../src/logic/contour.ts";

const circle = (radius: number, count = 64, at: Point = [50, 60]): Point[] =>
  Array.from({ length: count }, (_, i) => {
    const angle = (2 * Math.PI * i) / count;
    return [at[0] + radius * Math.sin(angle), at[1] + radius * Math.cos(angle)];
  });

test("points inside and outside a contour are told apart", () => {
  expect(contains(circle(10), [50, 60])).toBe(true);
  expect(contains(circle(10), [50, 70.5])).toBe(false);
});

test("area, perimeter and centroid of a circle are right", () => {
  const round = circle(10, 720);
  expect(Math.abs(signedArea(round))).toBeCloseTo(Math.PI * 100, 1);
  expect(perimeter(round)).toBeCloseTo(2 * Math.PI * 10, 2);
  expect(centroid(round)[0]).toBeCloseTo(50);
  expect(centroid(round)[1]).toBeCloseTo(60);
});

test("resampling spaces points evenly and keeps the first", () => {
  const uneven: Point[] = [
    [0, 0],
    [0, 1],
    [0, 10],
    [10, 10],
    [10, 0],
  ];
  const even = resample(uneven, 20);
  expect(even).toHaveLength(20);
  expect(even[0]).toEqual([0, 0]);
  expect(distance(even[3] as Point, even[4] as Point)).toBeCloseTo(2);
});

test("dragging a point moves it exactly and leaves the far side bit for bit", () => {
  const start = circle(20);
  const moved = dragPoint(start, 0, [50, 86], 10);
  expect(moved[0]).toEqual([50, 86]);
  expect(moved[32]).toBe(start[32]);
  const neighbour = distance(moved[1] as Point, start[1] as Point);
  expect(neighbour).toBeGreaterThan(3);
  expect(neighbour).toBeLessThan(6);
});

test("sculpting pushes points to the tool's rim and no others", () => {
  const start = circle(20);
  const pushed = sculpt(start, [50, 78], 6);
  for (const [i, point] of pushed.entries()) {
    const was = distance(start[i] as Point, [50, 78]);
    if (was >= 6) expect(point).toBe(start[i]);
    else expect(distance(point, [50, 78])).toBeCloseTo(6);
  }
});

test("a stretched contour gets new points and a crowded one loses some", () => {
  const stretched: Point[] = [
    [0, 0],
    [0, 12],
    [0.1, 12.1],
    [9, 9],
  ];
  const relaxed = relax(stretched);
  const longest = relaxed.slice(1).map((p, i) => distance(p, relaxed[i] as Point));
  expect(Math.max(...longest)).toBeLessThanOrEqual(3);
});

test("a freehand stroke becomes a closed contour, a twitch does not", () => {
  const closed = closeStroke(circle(15, 200));
  expect(closed).toHaveLength(64);
  expect(Math.abs(signedArea(closed ?? []))).toBeGreaterThan(600);
  expect(closeStroke(circle(1, 20))).toBeNull();
  expect(closeStroke(circle(15, 5))).toBeNull();
});

test("handles are spread over the whole contour", () => {
  expect(handleIndices(circle(20, 64))).toHaveLength(16);
  expect(handleIndices(circle(20, 10))).toHaveLength(10);
});

test("a figure of eight crosses itself, a circle does not", () => {
  expect(crossesItself(circle(20))).toBe(false);
  expect(
    crossesItself([
      [0, 0],
      [10, 10],
      [10, 0],
      [0, 10],
    ]),
  ).toBe(true);
});

test("unusable contours are named before they are sent", () => {
  const good: Contours = {
    endo_rc: circle(12),
    epi_rc: circle(18),
    rv_insertion_anterior_rc: null,
    rv_insertion_inferior_rc: null,
    lv_centre_rc: [50, 60],
  };
  expect(contourProblem(good)).toBeNull();
  expect(contourProblem({ ...good, endo_rc: null })).toBeNull();
  expect(contourProblem({ ...good, endo_rc: circle(19) })).toBe("endo-outside-epi");
  expect(contourProblem({ ...good, epi_rc: circle(1) })).toBe("too-small");
});

test("an SVG path is written as x then y, that is column then row", () => {
  const path = pathOf([
    [1, 2],
    [3, 4],
  ]);
  expect(path).toBe("M2.000 1.000L4.000 3.000Z");
});
