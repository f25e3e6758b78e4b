import { expect, test } from "vitest";
import type { Point } from "../src/api/basicTypes.ts";
import { contourProblem, distance, signedArea } from "../src/logic/contour.ts";
import { contoursAround, roundContours } from "../src/logic/startContours.ts";

test("a heart to begin with has its size in millimetres on pixels that are not square", () => {
  const made = roundContours([50, 60], [2, 1]);
  const area = Math.abs(signedArea(made.epi_rc)) * 2 * 1;
  expect(area / (Math.PI * 32 ** 2)).toBeCloseTo(1, 2);
  expect(made.lv_centre_rc[0]).toBeCloseTo(50);
  expect(made.lv_centre_rc[1]).toBeCloseTo(60);
  expect(contourProblem(made)).toBeNull();
});

test("around a drawn outer contour lie a cavity inside it and an insertion on it, up and left", () => {
  const drawn = Array.from({ length: 40 }, (_, i): Point => {
    const angle = (2 * Math.PI * i) / 40;
    return [30 + 14 * Math.sin(angle), 40 + 20 * Math.cos(angle)];
  });
  const made = contoursAround(drawn);
  expect(contourProblem(made)).toBeNull();
  const insertion = made.rv_insertion_anterior_rc as Point;
  expect(Math.min(...drawn.map((point) => distance(point, insertion)))).toBe(0);
  expect(insertion[0]).toBeLessThan(30);
  expect(insertion[1]).toBeLessThan(40);
});
