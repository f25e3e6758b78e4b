import { expect, test } from "vitest";
import { NO_VALUE, windowFromQuantiles, windowTable } from "../src/logic/window.ts";

const grey = (packed: number | undefined) => (packed ?? 0) & 0xff;

test("the window's ends are black and white and its centre is mid-grey", () => {
  const table = windowTable({ centre: 500, width: 200 }, 1, 0);
  expect(grey(table[400])).toBe(0);
  expect(grey(table[500])).toBe(128);
  expect(grey(table[600])).toBe(255);
  expect(grey(table[65535])).toBe(255);
});

test("the window is in physical units, whatever scale the values are stored with", () => {
  const table = windowTable({ centre: 1, width: 2 }, 0.001, -0.001);
  expect(grey(table[1])).toBe(0);
  expect(grey(table[1001])).toBe(128);
  expect(grey(table[2001])).toBe(255);
});

test("no value is not drawn as black", () => {
  const table = windowTable({ centre: 500, width: 200 }, 1, 0);
  expect(table[NO_VALUE]).not.toBe(table[1]);
});

test("an automatic window spans nearly all values and ignores missing ones", () => {
  const stored = Uint16Array.from({ length: 1001 }, (_, i) => i);
  const window = windowFromQuantiles(stored, 2, 10, [0, 1]);
  expect(window.centre - window.width / 2).toBeCloseTo(12);
  expect(window.centre + window.width / 2).toBeCloseTo(2010);
});

test("an empty movie still gets a usable window", () => {
  expect(windowFromQuantiles(new Uint16Array(10), 1, 0).width).toBeGreaterThan(0);
});
