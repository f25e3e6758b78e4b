import { expect, test } from "vitest";
import { aifTrace, curveTraces, isCurve, residual, rms, topOf } from "../src/logic/curves.ts";

test("the residual is measured minus fitted, and nothing where one is missing", () => {
  expect(residual([1, null, 3, 4], [0.5, 1, null, 4.5])).toEqual([0.5, null, null, -0.5]);
});

test("the root mean square of a residual ignores what is missing", () => {
  expect(rms([3, null, -4])).toBeCloseTo(Math.sqrt(12.5));
  expect(rms([null])).toBeNull();
});

test("a curve has points, fit and a residual on the second axis", () => {
  const words = { measured: "Stress", fit: "Stress fit", residual: "residual" };
  const traces = curveTraces({ time_s: [0, 1], gd: [1, 2], fit: [1, 1.5] }, "#fff", words);
  expect(traces.map((trace) => trace.yaxis)).toEqual([undefined, undefined, "y2"]);
  expect(traces[2]?.y).toEqual([0, 0.5]);
});

test("the input function is as high as the curve that it is drawn over", () => {
  const aif = { time_s: [0, 1, 2], gd: [0, 8, null], peak: 8 };
  const [trace] = aifTrace({ aif } as never, topOf([0.1, 0.4]), "#fff", "AIF");
  expect(trace?.y).toEqual([0, 0.4, null]);
  expect(aifTrace({ aif: null } as never, 1, "#fff", "AIF")).toEqual([]);
});

test("without a model curve there is no residual, nor its axis", () => {
  const words = { measured: "Stress", fit: "fit", residual: "residual" };
  const time_s = [0, 1, 2];
  const unfitted = curveTraces({ time_s, gd: [1, 2, 3], fit: [null, null, null] }, "#fff", words);
  expect(unfitted.map(({ name }) => name)).toEqual(["Stress"]);
  const fitted = curveTraces({ time_s, gd: [1, 2, 3], fit: [1, 2, null] }, "#fff", words);
  expect(fitted.map(({ yaxis }) => yaxis)).toEqual([undefined, undefined, "y2"]);
});

test("one moment is not a curve", () => {
  expect(isCurve([null, 1.2, null])).toBe(false);
  expect(isCurve([null, 1.2, 1.3])).toBe(true);
});
