import { expect, test } from "vitest";
import { wedges } from "../src/logic/bullseye.ts";

const label = (segment: number) =>
  wedges().find((wedge) => wedge.segment === segment)?.label ?? [0, 0];

test("there are sixteen wedges, numbered once each", () => {
  expect(wedges().map((wedge) => wedge.segment)).toEqual(
    Array.from({ length: 16 }, (_, i) => i + 1),
  );
});

test("anterior is up, inferior down, septum left, lateral wall right", () => {
  for (const segment of [1, 7, 13]) expect(label(segment)[1]).toBeLessThan(-0.2);
  for (const segment of [4, 10, 15]) expect(label(segment)[1]).toBeGreaterThan(0.2);
  for (const segment of [2, 3, 8, 9, 14]) expect(label(segment)[0]).toBeLessThan(-0.2);
  for (const segment of [5, 6, 11, 12, 16]) expect(label(segment)[0]).toBeGreaterThan(0.2);
});

test("anteroseptal lies above inferoseptal, anterolateral above inferolateral", () => {
  expect(label(2)[1]).toBeLessThan(label(3)[1]);
  expect(label(6)[1]).toBeLessThan(label(5)[1]);
});

test("the basal ring is the outer one", () => {
  expect(Math.hypot(...label(1))).toBeGreaterThan(Math.hypot(...label(7)));
  expect(Math.hypot(...label(7))).toBeGreaterThan(Math.hypot(...label(13)));
});
