import { expect, test } from "vitest";
import { makeFixture } from "../dev/fixture.ts";
import { gridOf, hang, positionOfSegment, SEGMENTS_OF } from "../src/logic/hanging.ts";

const exam = (options: Parameters<typeof makeFixture>[0]) =>
  makeFixture({ pixels: false, ...options }).state.acquisitions;

test("a full exam hangs basal to apical, stress above rest", () => {
  const { columns, rows } = hang(exam({ conditions: ["rest", "stress"] }));
  expect(columns).toEqual(["basal", "mid", "apical"]);
  expect(rows.map((row) => row.map((cell) => cell.slice?.key))).toEqual([
    ["stress_basal", "stress_mid", "stress_apical"],
    ["rest_basal", "rest_mid", "rest_apical"],
  ]);
});

test("one condition with two slices leaves no empty column or row", () => {
  const { columns, rows } = hang(exam({ conditions: ["rest"], positions: ["basal", "mid"] }));
  expect(columns).toEqual(["basal", "mid"]);
  expect(rows).toHaveLength(1);
});

test("a slice that only one condition has leaves a place at the other", () => {
  const [stress, rest] = exam({});
  const less = { ...rest, slices: rest?.slices.filter((s) => s.position !== "apical") ?? [] };
  const { rows } = hang([stress, less] as Parameters<typeof hang>[0]);
  expect(rows[1]?.[2]?.slice).toBeNull();
});

test("two slices at one position both hang", () => {
  const [stress] = exam({ conditions: ["stress"], positions: ["mid"] });
  const twice = { ...stress, slices: [...(stress?.slices ?? []), ...(stress?.slices ?? [])] };
  const { columns } = hang([twice] as Parameters<typeof hang>[0]);
  expect(columns).toEqual(["mid", "mid"]);
});

test("nothing analysed hangs nothing", () => {
  expect(hang([])).toEqual({ columns: [], rows: [] });
});

test("each segment belongs to one ring", () => {
  for (const [position, segments] of Object.entries(SEGMENTS_OF)) {
    for (const segment of segments) expect(positionOfSegment(segment)).toBe(position);
  }
});

test("one slice in two conditions hangs side by side, one condition in two rows", () => {
  const places = (columns: number, rows: number) =>
    gridOf({
      columns: Array.from({ length: columns }, () => "mid" as const),
      rows: Array.from({ length: rows }, () => []),
    });
  expect(places(1, 2)).toEqual({ columns: 2, rows: 1 });
  expect(places(3, 1)).toEqual({ columns: 2, rows: 2 });
  expect(places(2, 1)).toEqual({ columns: 2, rows: 1 });
  expect(places(1, 1)).toEqual({ columns: 1, rows: 1 });
  expect(places(3, 2)).toEqual({ columns: 3, rows: 2 });
});
