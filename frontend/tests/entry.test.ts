import { expect, test } from "vitest";
import { makeFixture } from "../dev/fixture.ts";
import { changeColour, formatChange } from "../src/logic/difference.ts";
import { entryOf, unscored, withEntry, withSentence } from "../src/logic/entry.ts";

const [rate, note] = makeFixture({ pixels: false, positions: ["mid"] }).state.vocabulary.clinical;
if (!rate || !note) throw new Error("the fixture has no clinical fields");

test("a number may have a comma or a point, and nothing is nothing", () => {
  expect(entryOf(rate, " 64,5 ")).toEqual({ ok: true, value: 64.5 });
  expect(entryOf(rate, "64.5")).toEqual({ ok: true, value: 64.5 });
  expect(entryOf(rate, "  ")).toEqual({ ok: true, value: null });
});

test("what is no number, or cannot be, says why", () => {
  expect(entryOf(rate, "fast")).toMatchObject({ ok: false, why: "number" });
  expect(entryOf(rate, "1,234.5")).toMatchObject({ ok: false, why: "number" });
  expect(entryOf(rate, "5")).toMatchObject({ ok: false, why: "range", low: 20, high: 250 });
});

test("words stay as they were written", () => {
  expect(entryOf(note, " 12 angina ")).toEqual({ ok: true, value: "12 angina" });
});

test("another agent takes the dose away with it", () => {
  const before = { stress_agent: "adenosine", stress_dose: 140, weight: 70 };
  expect(withEntry(before, "stress_agent", "regadenoson")).toEqual({
    stress_agent: "regadenoson",
    weight: 70,
  });
  expect(withEntry(before, "weight", null)).not.toHaveProperty("weight");
});

test("the rest is what has no score yet", () => {
  expect(unscored({ "4": {}, "10": {} }, [4, 5, 10])).toEqual([5]);
  expect(unscored(undefined, [1, 2])).toEqual([1, 2]);
});

test("a sentence goes on a line of its own", () => {
  expect(withSentence("", "One.")).toBe("One.");
  expect(withSentence("One.\n", "Two.")).toBe("One.\nTwo.");
});

test("a change has a sign, and its colour a side", () => {
  expect(formatChange(0.25)).toBe("+0.25");
  expect(formatChange(-0.25)).toBe("−0.25");
  expect(formatChange(-0.001)).toBe("0.00");
  expect(formatChange(null)).toBe("–");
  const [less, more] = [changeColour(-9), changeColour(9)];
  expect(less[2]).toBeGreaterThan(less[0]);
  expect(more[0]).toBeGreaterThan(more[2]);
});
