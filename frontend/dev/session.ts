/** Readings of the invented studies: edits, undo, redo, history, in memory. */

import type { Edit, EditResult, ReadingView } from "../src/api/readingTypes.ts";
import { sectorsOf } from "./anatomy.ts";
import { type Fixture, makeFixture } from "./fixture.ts";
import { measure, type Override } from "./measure.ts";

export interface Session {
  fixture: Fixture;
  overrides: Record<string, Override>;
  undo: string[];
  redo: string[];
  history: {
    revision: number;
    kind: string;
    words: string;
    author: string;
    created_at: string;
    reason: string;
  }[];
}

export const sessions = new Map<number, Session>();

export function session(id: number): Session {
  let found = sessions.get(id);
  if (!found) {
    const fixture = makeFixture(
      id === 2
        ? { quantity: "relative_upslope", positions: ["basal", "mid"] }
        : id === 3
          ? { conditions: ["rest"], positions: ["basal", "mid"] }
          : {},
    );
    fixture.state.study.id = id;
    if (id === 4 && fixture.state.run) {
      Object.assign(fixture.state.run, { state: "running", stage: "motion", progress: 0.34 });
      fixture.state.acquisitions = [];
    }
    if (id === 5 && fixture.state.run) {
      Object.assign(fixture.state.run, {
        state: "failed",
        failure_message:
          "No series of this study is a perfusion series. Check what was sent, or set the series by hand.",
      });
      fixture.state.acquisitions = [];
    }
    found = { fixture, overrides: {}, undo: [], redo: [], history: [] };
    sessions.set(id, found);
  }
  return found;
}

export function opened(at: Session): ReadingView {
  const { state } = at.fixture;
  state.reading ??= {
    id: state.study.id,
    state: "draft",
    revision: 0,
    reader: "A. Reader",
    editable: true,
    saved_at: new Date().toISOString(),
    signed_at: null,
    signed_by: null,
    can_undo: false,
    can_redo: false,
    open_checks: 0,
    report: { indication: "", findings: "", impression: "" },
    newer_run: false,
    addenda: [],
  };
  return state.reading;
}

function snapshot({ fixture: { state }, overrides }: Session): string {
  return JSON.stringify({
    overrides,
    report: state.reading?.report,
    flags: state.flags,
    entered: state.entered,
    summary: state.summary,
    suggestions: state.suggestions,
    slices: state.acquisitions.flatMap((a) => a.slices).map((s) => [s.key, s.contours, s.edited]),
  });
}

function restore(at: Session, saved: string): void {
  const old = JSON.parse(saved);
  at.overrides = old.overrides;
  at.fixture.state.flags = old.flags;
  opened(at).report = old.report;
  for (const [key, contours, edited] of old.slices) setContours(at, key, contours, edited);
}

function setContours(at: Session, key: string, contours: unknown, edited: boolean): void {
  const slice = at.fixture.state.acquisitions.flatMap((a) => a.slices).find((s) => s.key === key);
  if (!slice) return;
  slice.contours = contours as typeof slice.contours;
  slice.edited = edited;
  slice.sectors = slice.contours ? sectorsOf(slice.contours, slice.position) : [];
}

export function result(at: Session): EditResult {
  const { state, flow } = at.fixture;
  state.table = measure(state, flow, at.overrides);
  return {
    reading: opened(at),
    table: state.table,
    flags: state.flags,
    entered: state.entered,
    summary: state.summary,
    suggestions: state.suggestions,
    slices: state.acquisitions
      .flatMap((a) => a.slices)
      .map(({ key, contours, edited, sectors, curves }) => ({
        key,
        contours,
        edited,
        sectors,
        curves,
      })),
  };
}

export function edit(at: Session, request: Edit): EditResult {
  const { state } = at.fixture;
  const reading = opened(at);
  const before = snapshot(at);
  const stacks = request.kind === "undo" || request.kind === "redo";
  if (request.kind === "undo") {
    at.redo.push(before);
    restore(at, at.undo.pop() ?? before);
  } else if (request.kind === "redo") {
    at.undo.push(before);
    restore(at, at.redo.pop() ?? before);
  } else if (request.kind === "contour") setContours(at, request.slice, request.contours, true);
  else if (request.kind === "contour_reset") {
    const slice = state.acquisitions.flatMap((a) => a.slices).find((s) => s.key === request.slice);
    setContours(at, request.slice, slice?.automated_contours, false);
  } else if (request.kind === "override") {
    at.overrides[`${request.condition}${request.segment}`] = {
      value: request.value,
      revision: reading.revision + 1,
    };
  } else if (request.kind === "override_reset") {
    delete at.overrides[`${request.condition}${request.segment}`];
  } else if (request.kind === "acknowledge") {
    state.flags = state.flags.map((flag) =>
      request.flags.includes(flag.id)
        ? {
            ...flag,
            acknowledged: {
              by: "A. Reader",
              at: new Date().toISOString(),
              comment: request.comment,
            },
          }
        : flag,
    );
  } else if (request.kind === "report") reading.report = request.report;
  if (!stacks) {
    at.undo.push(before);
    at.redo = [];
  }
  reading.revision += 1;
  reading.saved_at = new Date().toISOString();
  reading.can_undo = at.undo.length > 0;
  reading.can_redo = at.redo.length > 0;
  at.history.push({
    revision: reading.revision,
    kind: request.kind,
    words: `${request.kind.replace("_", " ")}`,
    author: "A. Reader",
    created_at: reading.saved_at,
    reason: "reason" in request ? (request.reason ?? "") : "",
  });
  return result(at);
}
