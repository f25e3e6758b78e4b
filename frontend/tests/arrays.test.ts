import { expect, test } from "vitest";
import type { ArrayRef } from "../src/api/analysisTypes.ts";
import { decodeArray, physical } from "../src/api/arrays.ts";

const ref: ArrayRef = {
  url: "/x",
  dtype: "uint16",
  shape: [1, 2, 2],
  scale: 0.5,
  offset: -0.5,
  unit: "mmol/L",
};

test("stored values are scaled to their unit, and 0 is no value", () => {
  const array = decodeArray(ref, Uint16Array.from([0, 1, 2, 65535]).buffer);
  expect(physical(array, 0)).toBeNaN();
  expect(physical(array, 1)).toBe(0);
  expect(physical(array, 3)).toBe(32767);
});

test("bytes of the wrong length are an error, not half a picture", () => {
  expect(() => decodeArray(ref, new ArrayBuffer(6))).toThrow(/8 bytes/);
});
