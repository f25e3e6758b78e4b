import { expect, test } from "vitest";
import { formatError, formatNumber, parseFlow } from "../src/logic/numbers.ts";

test.each([
  ["1.42", 1.42],
  ["1,42", 1.42],
  [" 1.42 ml/min/g ", 1.42],
  ["1,42\u00a0ml/g/min", 1.42],
  [",5", 0.5],
  ["2", 2],
  ["+0.80", 0.8],
  ["3.", 3],
])("%j is read as %d", (text, value) => {
  expect(parseFlow(text)).toEqual({ ok: true, value });
});

test.each(["", "abc", "-1", "1,234.5", "1.2.3", "1e3", "0x10", "1 2,3,4", "NaN", "±1", "."])(
  "%j is refused rather than guessed",
  (text) => {
    expect(parseFlow(text)).toEqual({ ok: false });
  },
);

test("what is not measured is a dash, never zero", () => {
  expect(formatNumber(null)).toBe("–");
  expect(formatNumber(Number.NaN)).toBe("–");
  expect(formatNumber(0)).toBe("0.00");
  expect(formatError(null)).toBe("");
  expect(formatError(0.123)).toBe("±0.12");
});
