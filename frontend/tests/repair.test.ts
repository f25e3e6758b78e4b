import { expect, test } from "vitest";
import type { RunParameters } from "../src/api/imageTypes.ts";
import { parseHaematocrit } from "../src/logic/numbers.ts";
import {
  isEmpty,
  leftOut,
  noRepair,
  requestOf,
  toggleFrame,
  withHaematocrit,
  withModel,
  withPolygon,
} from "../src/logic/repair.ts";

const RUN: RunParameters = {
  haematocrit: 0.42,
  haematocrit_assumed: true,
  other_models: [],
  excluded_frames: { rest_mid: [7] },
  aif_excluded_frames: {},
  aif_lv_polygons_rc: {},
};
const NONE = noRepair(3);

test("a frame left out and used again is no change", () => {
  const once = toggleFrame(NONE, RUN, "frames", "stress_mid", 12);
  expect(leftOut(once, RUN, "frames", "stress_mid")).toEqual([12]);
  expect(isEmpty(toggleFrame(once, RUN, "frames", "stress_mid", 12))).toBe(true);
});

test("frames that the run left out already stay out beside new ones", () => {
  const more = toggleFrame(NONE, RUN, "frames", "rest_mid", 3);
  expect(requestOf(more, "ghost").excluded_frames).toEqual({ rest_mid: [3, 7] });
  const back = toggleFrame(NONE, RUN, "frames", "rest_mid", 7);
  expect(requestOf(back, "fine after all").excluded_frames).toEqual({ rest_mid: [] });
});

test("a drawn blood pool taken back before computing is no change", () => {
  const drawn = withPolygon(NONE, RUN, "stress", [
    [1, 1],
    [1, 4],
    [4, 4],
  ]);
  expect(isEmpty(drawn)).toBe(false);
  expect(isEmpty(withPolygon(drawn, RUN, "stress", null))).toBe(true);
  const had = { ...RUN, aif_lv_polygons_rc: { stress: [[1, 1]] as [number, number][] } };
  expect(requestOf(withPolygon(NONE, had, "stress", null), "x").aif_lv_polygons_rc).toEqual({
    stress: null,
  });
});

test("a request names its parent, the reason and only what changed", () => {
  const request = requestOf(withHaematocrit(NONE, RUN, 0.38), "measured");
  expect(JSON.parse(JSON.stringify(request))).toEqual({
    parent: 3,
    reason: "measured",
    haematocrit: 0.38,
  });
});

test("a model is added beside the main one, and adding it twice is no change", () => {
  const one = withModel(NONE, RUN, "fermi");
  expect(requestOf(one, "").other_models).toEqual(["fermi"]);
  expect(isEmpty(withModel(one, RUN, "fermi"))).toBe(true);
});

test("confirming the assumed haematocrit is a change, repeating a measured one is not", () => {
  expect(isEmpty(withHaematocrit(NONE, RUN, 0.42))).toBe(false);
  const measured = { ...RUN, haematocrit_assumed: false };
  expect(isEmpty(withHaematocrit(NONE, measured, 0.42))).toBe(true);
});

test.each([
  ["0.38", 0.38],
  ["0,38", 0.38],
  ["38", 0.38],
  ["38 %", 0.38],
  ["4.2", null],
  ["0.9", null],
  ["", null],
  ["1,234.5", null],
])("haematocrit %s is read as %s", (text, value) => {
  expect(parseHaematocrit(text)).toBe(value);
});
