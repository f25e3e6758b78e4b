import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeFixture } from "../dev/fixture.ts";
import type { Edit, EditResult, ReadingView } from "../src/api/readingTypes.ts";
import { commit, drain, mayEdit, resolveConflict, study } from "../src/store/study.ts";

/** A server that keeps one reading and answers as ours does. */
class Server {
  readonly state = makeFixture({ pixels: false, positions: ["mid"] }).state;
  readonly received: Edit[] = [];
  down = false;
  signedOut = false;
  refuseWith: string | null = null;
  withoutRole = false;

  reading(): ReadingView {
    this.state.reading ??= {
      id: 7,
      state: "draft",
      revision: 0,
      reader: "A",
      editable: true,
      saved_at: "",
      signed_at: null,
      signed_by: null,
      can_undo: false,
      can_redo: false,
      open_checks: 0,
      newer_run: false,
      addenda: [],
      report: { indication: "", findings: "", impression: "" },
    };
    return this.state.reading;
  }

  answer(url: string, body: unknown): [status: number, content: unknown] {
    if (this.down) throw new TypeError("fetch failed");
    if (this.signedOut) {
      return [
        401,
        { error: { code: "not_signed_in", message: "Sign in.", field: null, detail: null } },
      ];
    }
    if (this.withoutRole && !url.endsWith("/viewer/")) {
      const error = { code: "not_allowed", message: "No role.", field: null, detail: null };
      return [403, { error }];
    }
    if (url.endsWith("/viewer/")) return [200, structuredClone(this.state)];
    if (url.endsWith("/readings/")) return [200, this.result()];
    const edit = body as Edit;
    if (this.refuseWith) {
      return [
        400,
        { error: { code: "invalid", message: this.refuseWith, field: null, detail: null } },
      ];
    }
    if (edit.base_revision !== this.reading().revision) {
      const detail = { current_revision: this.reading().revision, author: "B" };
      return [409, { error: { code: "conflict", message: "Changed.", field: null, detail } }];
    }
    this.received.push(edit);
    this.reading().revision += 1;
    return [200, this.result()];
  }

  result(): EditResult {
    const { table, flags, entered, summary, suggestions } = this.state;
    return structuredClone({
      reading: this.reading(),
      table,
      flags,
      entered,
      summary,
      suggestions,
      slices: [],
    });
  }
}

let server: Server;

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  vi.stubGlobal("document", { querySelector: () => null, cookie: "csrftoken=abc" });
  vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
    const [status, content] = server.answer(url, init?.body ? JSON.parse(String(init.body)) : null);
    return new Response(JSON.stringify(content), { status });
  });
  study.setState({
    id: 1,
    data: structuredClone(server.state),
    waiting: [],
    sync: "idle",
    conflict: null,
    rejected: null,
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const override = (segment: number) =>
  ({ kind: "override", condition: "stress", segment, value: 1.4, reason: "Motion" }) as const;

test("the first edit opens a draft, and each edit builds on the one before", async () => {
  commit(override(7));
  commit(override(8));
  await vi.runAllTimersAsync();
  expect(server.received.map((edit) => edit.base_revision)).toEqual([0, 1]);
  expect(study.getState()).toMatchObject({ waiting: [], sync: "idle" });
});

test("without a connection edits are kept in order and sent later", async () => {
  server.down = true;
  commit(override(7));
  commit(override(8));
  await vi.advanceTimersByTimeAsync(5000);
  expect(study.getState()).toMatchObject({ sync: "offline" });
  expect(study.getState().waiting).toHaveLength(2);
  server.down = false;
  await vi.runAllTimersAsync();
  expect(server.received.map((edit) => "segment" in edit && edit.segment)).toEqual([7, 8]);
  expect(study.getState()).toMatchObject({ waiting: [], sync: "idle" });
});

test("an ended session keeps the edits until somebody signs in again", async () => {
  server.signedOut = true;
  commit(override(7));
  await vi.advanceTimersByTimeAsync(3000);
  expect(study.getState()).toMatchObject({ sync: "signed-out", rejected: null });
  server.signedOut = false;
  await vi.runAllTimersAsync();
  expect(server.received).toHaveLength(1);
});

test("an edit without a role says so and goes first once the role is back", async () => {
  server.withoutRole = true;
  commit(override(7));
  await vi.runAllTimersAsync();
  expect(study.getState()).toMatchObject({ rejected: "No role.", sync: "idle" });
  expect(study.getState().waiting).toHaveLength(1);
  server.withoutRole = false;
  commit(override(8));
  await vi.runAllTimersAsync();
  expect(server.received.map((edit) => "segment" in edit && edit.segment)).toEqual([7, 8]);
  expect(study.getState()).toMatchObject({ waiting: [], rejected: null });
});

test("an edit on an old revision is a conflict that keeps the edit until the reader chooses", async () => {
  commit(override(7));
  await vi.runAllTimersAsync();
  server.reading().revision = 5;
  commit(override(8));
  await vi.runAllTimersAsync();
  expect(study.getState().conflict).toMatchObject({ author: "B", currentRevision: 5 });
  await drain();
  expect(server.received).toHaveLength(1);
  await resolveConflict("mine");
  expect(server.received.at(-1)).toMatchObject({ segment: 8, base_revision: 5 });
  expect(study.getState()).toMatchObject({ conflict: null, waiting: [] });
});

test("taking the saved version drops the edit and shows what is saved", async () => {
  commit(override(7));
  await vi.runAllTimersAsync();
  server.reading().revision = 5;
  commit(override(8));
  await vi.runAllTimersAsync();
  await resolveConflict("theirs");
  expect(server.received).toHaveLength(1);
  expect(study.getState().data?.reading?.revision).toBe(5);
});

test("a refused edit says why and does not hold up the next one", async () => {
  server.refuseWith = "The endocardium must lie inside the epicardium.";
  commit(override(7));
  await vi.runAllTimersAsync();
  expect(study.getState().rejected).toBe(server.refuseWith);
  server.refuseWith = null;
  commit(override(8));
  await vi.runAllTimersAsync();
  expect(server.received).toHaveLength(1);
  expect(study.getState().rejected).toBeNull();
});

test("a signed reading and a reading of somebody else cannot be edited", () => {
  const data = structuredClone(server.state);
  expect(mayEdit(data)).toBe(true);
  data.reading = { ...server.reading(), editable: false, state: "signed" };
  expect(mayEdit(data)).toBe(false);
  expect(mayEdit({ ...data, reading: null, can_read: false })).toBe(false);
  expect(mayEdit(null)).toBe(false);
});
