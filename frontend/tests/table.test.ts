import { expect, test } from "vitest";
import { makeFixture } from "../dev/fixture.ts";
import { measure } from "../dev/measure.ts";
import { parseFlow } from "../src/logic/numbers.ts";
import { tableAsCsv, tableAsText } from "../src/logic/table.ts";

const { state, flow } = makeFixture({ pixels: false });
const signature = { author: "R. Reader", at: "2026-11-20T10:00:00Z", revision: 2 };

/** Cells by heading of the row of a segment; the text's own parser, not the writer's. */
function rowOf(text: string, segment: string): Record<string, string> {
  const [head, ...rows] = text.split("\n").map((line) => line.split("\t"));
  const row = rows.find(([first]) => first === segment);
  return Object.fromEntries((head ?? []).map((heading, i) => [heading, row?.[i] ?? ""]));
}

function factsOf(text: string): Record<string, string> {
  const about = text.slice(text.indexOf("\n\n") + 2).split("\n");
  return Object.fromEntries(about.slice(1).map((line) => line.split("\t")));
}

test("the table has a heading, sixteen segments, three territories and the global row", () => {
  const [rectangle = ""] = tableAsText(state).split("\n\n");
  const lines = rectangle.split("\n");
  expect(lines).toHaveLength(21);
  expect(new Set(lines.map((line) => line.split("\t").length)).size).toBe(1);
  expect(lines[16]?.startsWith("16\tApLat\tLCx\t")).toBe(true);
  expect(lines.at(-1)?.startsWith("GLOBAL\t")).toBe(true);
});

test("every number of every segment parses back to what the page shows", () => {
  const text = tableAsText(state);
  for (const row of state.table) {
    const cells = rowOf(text, String(row.segment));
    for (const [heading, value] of [
      ["Stress (ml/min/g)", row.stress?.value],
      ["Stress SE (ml/min/g)", row.stress?.standard_error],
      ["Rest (ml/min/g)", row.rest?.value],
      ["Rest endo/epi", row.rest?.endo_epi_ratio],
      ["MPR", row.mpr?.value],
    ] as const) {
      const parsed = parseFlow(cells[heading] ?? "");
      expect(parsed.ok && parsed.value, `${row.segment} ${heading}`).toBeCloseTo(value ?? -1, 3);
    }
  }
});

test("a typed value leaves with its origin and the automated value beside it", () => {
  const table = measure(state, flow, { stress4: { value: 1.42, revision: 3 } });
  const cells = rowOf(tableAsText({ ...state, table }), "4");
  expect(cells["Stress (ml/min/g)"]).toBe("1.420");
  expect(cells["Stress SE (ml/min/g)"]).toBe("");
  expect(cells["Stress source"]).toBe("entered by observer");
  expect(Number(cells["Stress automated (ml/min/g)"])).toBeCloseTo(1.33, 1);
});

test("scores, scar and non-diagnostic marks leave with the numbers", () => {
  const entered = {
    ...state.entered,
    visual: { stress: { "4": { ...signature, score: 2 as const } } },
    scar: { "4": { ...signature, transmurality: "0", note: "thin\twall" } },
    statuses: { rest: { "4": { ...signature, reason: "dark rim" } } },
  };
  const text = tableAsText({ ...state, entered });
  const cells = rowOf(text, "4");
  expect(cells["Stress visual score"]).toBe("2");
  expect(cells["Rest visual score"]).toBe("");
  expect(cells.Scar).toBe("no scar");
  expect(cells["Scar note"]).toBe("thin wall");
  expect(cells["Rest not measured because"]).toBe("dark rim");
  expect(rowOf(text, "5")["Stress visual score"]).toBe("");
});

test("clinical values leave with their units, and the table says whose revision it is", () => {
  const entered = { ...state.entered, clinical: { heart_rate_rest: 62 } };
  const facts = factsOf(tableAsText({ ...state, entered }));
  expect(facts["Heart rate at rest (/min)"]).toBe("62");
  expect(facts["Pipeline version"]).toBe("0.1.0");
  expect(facts.Networks).toBe("segmentation 1");
  expect(facts["Flow model, stress"]).toBe("BTEX");
  expect(facts.State).toBe("NOT REVIEWED");
  expect(Object.values(facts)).not.toContain(state.study.patient_id);
});

test("relative values never leave as flow", () => {
  const relative = makeFixture({ pixels: false, quantity: "relative_upslope" }).state;
  const [head] = tableAsText(relative).split("\n");
  expect(head).toContain("Stress (relative)");
  expect(head).not.toContain("ml/min/g");
});

test("an exam of one condition has no columns of the other", () => {
  const stress = makeFixture({ pixels: false, conditions: ["stress"] }).state;
  expect(tableAsText(stress)).not.toContain("Rest");
});

test("CSV quotes what a spreadsheet would split and disarms what it would run", () => {
  const [row] = state.table;
  if (!row) throw new Error("no rows");
  const scar = { "1": { ...signature, transmurality: "0", note: "=HYPERLINK(1)" } };
  const csv = tableAsCsv({
    ...state,
    table: [{ ...row, name: 'Bas, "Ant"' }],
    entered: { ...state.entered, scar },
  });
  expect(csv).toContain('"Bas, ""Ant"""');
  expect(csv).toContain(",'=HYPERLINK(1)\r\n");
});
