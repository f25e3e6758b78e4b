import { expect, test } from "vitest";
import { makeFixture } from "../dev/fixture.ts";
import { measure } from "../dev/measure.ts";
import { tableAsCsv, tableAsText } from "../src/logic/table.ts";

const { state, flow } = makeFixture({ pixels: false });

test("the table has a heading, sixteen segments, three territories and the global row", () => {
  const lines = tableAsText(state.table).split("\n");
  expect(lines).toHaveLength(21);
  expect(lines[16]?.startsWith("16\tApLat\tLCx\t")).toBe(true);
  expect(lines.at(-1)?.startsWith("GLOBAL\t")).toBe(true);
});

test("a typed value leaves with its origin and the automated value beside it", () => {
  const table = measure(state, flow, { stress4: { value: 1.42, revision: 3 } });
  const cells = tableAsText(table).split("\n")[4]?.split("\t") ?? [];
  expect(cells[3]).toBe("1.420");
  expect(cells[4]).toBe("");
  expect(cells[5]).toBe("entered by observer");
  expect(Number(cells[6])).toBeCloseTo(1.33, 1);
});

test("CSV quotes what a spreadsheet would split", () => {
  const [row] = state.table;
  if (!row) throw new Error("no rows");
  const csv = tableAsCsv([{ ...row, name: 'Bas, "Ant"' }]);
  expect(csv).toContain('"Bas, ""Ant"""');
});
