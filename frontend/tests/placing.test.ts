import { expect, test } from "vitest";
import {
  begin,
  complete,
  ellipseHandles,
  moved,
  type Placing,
  withPoint,
} from "../src/source/placing.ts";

const SIZE: [number, number] = [200, 100];

/** Press keys one after the other; "+" before an arrow is Shift. */
function press(from: Placing, ...keys: string[]): Placing {
  return keys.reduce((now, key) => {
    if (key === "Enter") return withPoint(now);
    return moved(now, key.replace("+", ""), key.startsWith("+"), SIZE) ?? now;
  }, from);
}

test("a cross begins in the middle and stays in the picture", () => {
  const start = begin("length", SIZE);
  expect(start.at).toEqual([100, 50]);
  expect(press(start, "ArrowLeft", "+ArrowDown").at).toEqual([98, 70]);
  expect(press(start, "+ArrowDown", "+ArrowDown", "+ArrowDown").at).toEqual([100, 100]);
  expect(moved(start, "Home", false, SIZE)).toBeNull();
});

test("a length is complete with two different points, an angle with three", () => {
  const once = press(begin("length", SIZE), "Enter", "Enter");
  expect(once.set).toEqual([[100, 50]]);
  expect(complete(once)).toBe(false);
  expect(complete(press(once, "ArrowRight", "Enter"))).toBe(true);
  const angle = press(begin("angle", SIZE), "Enter", "ArrowRight", "Enter");
  expect(complete(angle)).toBe(false);
  expect(complete(press(angle, "ArrowDown", "Enter"))).toBe(true);
});

test("an ellipse reaches as far on every side, whichever corner was pointed at", () => {
  const handles = [
    [20, 30],
    [20, 10],
    [5, 20],
    [35, 20],
  ];
  for (const reach of [
    [35, 30],
    [5, 10],
  ] as [number, number][]) {
    expect(ellipseHandles([[20, 20], reach])).toEqual(handles);
  }
});
