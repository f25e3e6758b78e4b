import { expect, test } from "vitest";
import { keepable, withSaved } from "../src/pages/parts/savedFilters.ts";

const VALUES = {
  q: "Miller",
  site: "",
  state: "ready",
  condition: "",
  assigned: "me",
  flagged: "",
  from: "",
  to: "",
} as const;

test("saved filters keep what is set and never the search text", () => {
  expect(keepable("Mine", VALUES, "-study_date")).toEqual({
    name: "Mine",
    state: "ready",
    assigned: "me",
    ordering: "-study_date",
  });
});

test("saving under a known name replaces what it was", () => {
  const list = [{ name: "A", state: "ready" }, { name: "B" }];
  expect(withSaved(list, { name: "A", state: "failed" })).toEqual([
    { name: "A", state: "failed" },
    { name: "B" },
  ]);
  expect(withSaved(list, { name: "C" })).toHaveLength(3);
});
