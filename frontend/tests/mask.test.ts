import { expect, test } from "vitest";
import type { Point } from "../src/api/basicTypes.ts";
import { signedArea } from "../src/logic/contour.ts";
import {
  countOf,
  emptyMask,
  grown,
  largestPatch,
  type Mask,
  outlineOf,
  painted,
  rasterise,
} from "../src/logic/mask.ts";

function maskOf(...lines: string[]): Mask {
  const columns = lines[0]?.length ?? 0;
  const data = Uint8Array.from(lines.join(""), (c) => (c === "#" ? 1 : 0));
  return { data, rows: lines.length, columns };
}

const SHAPES = [
  maskOf(".....", ".##..", ".###.", "..#..", "....."),
  maskOf("#....", "##...", ".#...", ".####", "...##"),
  maskOf("#####", "#...#", "#####", ".....", "....."),
  maskOf(".....", "..#..", ".....", ".....", "....."),
];

test.each(SHAPES)("the outline of a patch holds just its pixels, holes filled", (mask) => {
  const outline = outlineOf(mask);
  const again = rasterise(outline, mask.rows, mask.columns);
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i]) expect(again.data[i]).toBe(1);
  expect(Math.abs(signedArea(outline))).toBe(countOf(again));
});

test("a patch without holes comes back pixel for pixel", () => {
  const mask = SHAPES[0] as Mask;
  expect(rasterise(outlineOf(mask), 5, 5).data).toEqual(mask.data);
});

test("only the largest patch is outlined", () => {
  const mask = maskOf("##..#", "##..#", ".....", "#....", ".....");
  expect(largestPatch(mask).data.reduce((a, b) => a + b)).toBe(4);
  expect(countOf(rasterise(outlineOf(mask), 5, 5))).toBe(4);
});

test("an empty mask has no outline", () => {
  expect(outlineOf(emptyMask(4, 4))).toEqual([]);
});

test("a brush adds and takes pixels, and growing is undone by shrinking", () => {
  const one = painted(emptyMask(7, 7), [3, 3], 0.6, true);
  expect(countOf(one)).toBe(1);
  expect(countOf(grown(one, 1))).toBe(5);
  expect(grown(grown(one, 1), -1).data).toEqual(one.data);
  expect(countOf(painted(one, [3, 3], 0.6, false))).toBe(0);
});

test("a drawn polygon covers pixels whose centre it holds", () => {
  const square: Point[] = [
    [0.6, 0.6],
    [0.6, 3.4],
    [3.4, 3.4],
    [3.4, 0.6],
  ];
  expect(countOf(rasterise(square, 5, 5))).toBe(9);
});
