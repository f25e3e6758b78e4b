import { expect, test } from "vitest";
import { colourAt, inkOn, paletteIndex, paletteTable, valueColour } from "../src/logic/palette.ts";

test("the perfusion palette has the scanner's colours at its stops", () => {
  const expected: [number, string][] = [
    [0, "rgb(0 0 0)"],
    [1, "rgb(23 23 122)"],
    [2, "rgb(125 66 212)"],
    [3, "rgb(255 107 61)"],
    [4, "rgb(255 178 74)"],
    [6, "rgb(255 255 255)"],
  ];
  for (const [flow, colour] of expected) {
    expect(valueColour("perfusion", flow, [0, 6])).toBe(colour);
  }
});

test("between two stops the colour is a linear mix", () => {
  expect(colourAt("perfusion", 3.5 / 6)).toEqual([255, 143, 68]);
});

test("values beyond the range take the end colours", () => {
  expect(colourAt("viridis", -1)).toEqual([68, 1, 84]);
  expect(colourAt("viridis", 2)).toEqual([253, 231, 37]);
});

test("a table has 256 opaque entries in canvas byte order", () => {
  const table = paletteTable("grey");
  expect(table).toHaveLength(256);
  expect(table[255]).toBe(0xffffffff);
  expect(new Uint8Array(table.buffer, 4 * 10, 4)).toEqual(new Uint8Array([10, 10, 10, 255]));
});

test("no value has no palette index", () => {
  expect(paletteIndex(Number.NaN, 0, 6)).toBe(-1);
  expect(paletteIndex(6, 0, 6)).toBe(255);
  expect(paletteIndex(-3, 0, 6)).toBe(0);
});

test("text on a colour has a contrast of at least 3 : 1", () => {
  expect(inkOn([255, 255, 255])).toBe("#000");
  expect(inkOn([23, 23, 122])).toBe("#fff");
});
