import { expect, test } from "vitest";
import type { Slice } from "../src/api/analysisTypes.ts";
import type { SourceSeries } from "../src/api/studyTypes.ts";
import { findImage, startAt, worldOf } from "../src/logic/source.ts";

const SLICE = {
  shape: [4, 10, 10],
  series_instance_uid: "1.2",
  sop_instance_uids: ["a", "m", "m", "b"],
  pixel_spacing_mm: [2, 3],
  geometry: {
    position_mm: [10, 20, 30],
    row_direction: [0.6, 0.8, 0],
    column_direction: [0, 0, -1],
  },
} as unknown as Slice;

function series(id: number, uid: string, uids: string[]): SourceSeries {
  const image_urls = uids.map((_, i) => `/api/instances/${id}${i}/file`);
  return { id, series_instance_uid: uid, image_uids: uids, image_urls } as SourceSeries;
}

test("a pixel's place in the patient follows from the plane, with non-square pixels", () => {
  const [x, y, z] = worldOf(SLICE, [5, 4]);
  expect([x, y, z].map((v) => Number(v.toFixed(6)))).toEqual([17.2, 29.6, 20]);
});

test("the image is found by its own identifier, whatever the order of the series", () => {
  const all = [series(1, "1.1", ["x"]), series(2, "1.2", ["b", "a"])];
  const found = findImage(all, startAt(SLICE, 3, [0, 0], 100));
  expect([found?.series.id, found?.index, found?.exact]).toEqual([2, 0, true]);
});

test("a frame of a multi-frame object is counted among its own frames", () => {
  const all = [series(1, "1.2", ["z", "m", "m", "m"])];
  expect(findImage(all, startAt(SLICE, 1, [0, 0], 100))?.index).toBe(1);
  expect(findImage(all, startAt(SLICE, 2, [0, 0], 100))?.index).toBe(2);
});

test("without the image itself its series opens, without both the first with images", () => {
  const all = [series(1, "1.9", []), series(2, "1.1", ["x"]), series(3, "1.2", ["y"])];
  expect(findImage(all, startAt(SLICE, 0, [0, 0], 100))?.series.id).toBe(3);
  expect(findImage(all, null)?.series.id).toBe(2);
  expect(findImage([], null)).toBeNull();
});
