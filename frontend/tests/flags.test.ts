import { expect, test } from "vitest";
import type { Flag } from "../src/api/analysisTypes.ts";
import { groupFlags } from "../src/logic/flags.ts";

const flag = (id: string, code: string, severity: Flag["severity"], answered = false): Flag => ({
  id,
  code,
  severity,
  message: code,
  segment: null,
  acquisition: null,
  slice: null,
  acknowledged: answered ? { by: "A", at: "", comment: "" } : null,
  answered_by_edit: false,
});

test("flags of one kind are one group, worst first", () => {
  const groups = groupFlags([
    flag("1", "agent", "information"),
    flag("2", "bound", "check"),
    flag("3", "single", "invalid"),
    flag("4", "bound", "check", true),
  ]);
  expect(groups.map((group) => group.code)).toEqual(["single", "bound", "agent"]);
  expect(groups[1]?.flags.map((f) => f.id)).toEqual(["2", "4"]);
  expect(groups[1]?.open.map((f) => f.id)).toEqual(["2"]);
});

test("groups that wait for an answer come before answered ones of the same weight", () => {
  const groups = groupFlags([flag("1", "motion", "check", true), flag("2", "bound", "check")]);
  expect(groups.map((group) => group.code)).toEqual(["bound", "motion"]);
});

test("a flag that an edit has answered is not open any more", () => {
  const edited = { ...flag("1", "motion", "check"), answered_by_edit: true };
  expect(groupFlags([edited])[0]?.open).toEqual([]);
});
