/** A reader's own list: one big button, and where they stand as a strip of squares. */

import { postJson } from "../../api/client.ts";
import { announce, element } from "../../shared/dom.ts";
import { t as strings } from "../../shared/strings.ts";
import { actionButton, choice, labelled } from "./forms.ts";
import type { ListEntry, Mine, Project } from "./projectTypes.ts";

const words = strings.projects;

const w = words.mine;

export function myList(project: Project, mine: Mine): HTMLElement {
  const { training } = mine;
  const begun = mine.list.find((entry) => entry.assignment === mine.next)?.state === "draft";
  const signed = mine.list.filter((entry) => entry.state === "signed").length;
  return element(
    "section",
    { class: "panel project-panel", "aria-labelledby": "mine" },
    element("h2", { id: "mine" }, w.title),
    trainingWords(training),
    mine.next !== null && project.state === "open"
      ? element(
          "a",
          {
            class: "button button-primary project-next",
            href: `/projects/cases/${mine.next}/`,
            "data-testid": "next-case",
          },
          begun ? w.goOn : w.next,
        )
      : project.state === "open" && !training.failed
        ? element("p", { role: "status" }, signed === mine.list.length ? w.done : w.waits)
        : null,
    element(
      "ol",
      { class: "project-strip", "data-testid": "my-list" },
      ...mine.list.map((entry) => square(entry, project.state === "locked")),
    ),
    element("p", { class: "muted" }, project.state === "open" ? w.hidden : ""),
    project.state === "open" ? ask(mine.list) : null,
  );
}

function trainingWords(training: Mine["training"]): HTMLElement | null {
  const { total, read, passed, needed, allowed, failed } = training;
  if (!total) return null;
  const text = failed
    ? w.failed(passed, total)
    : allowed
      ? w.passed(passed, total)
      : w.training(read, total, needed);
  const look = failed ? "notice-danger" : allowed ? "notice-ok" : "notice-info";
  return element("p", { class: `notice ${look}` }, text);
}

function square(entry: ListEntry, open: boolean): HTMLElement {
  const label = w.caseOf(entry.number, entry.training, w.states[entry.state]);
  const look = `reading-square reading-${entry.state}${entry.training ? " reading-training" : ""}`;
  const inner = element("span", { "aria-hidden": "true" }, String(entry.number));
  const hidden = element("span", { class: "visually-hidden" }, label);
  // What was begun can be opened again, to go on or to look at what was signed.
  const opens = entry.state !== "waiting" || open;
  return element(
    "li",
    {},
    opens
      ? element(
          "a",
          { class: look, href: `/projects/cases/${entry.assignment}/`, title: label },
          inner,
          hidden,
        )
      : element("span", { class: look, title: label }, inner, hidden),
  );
}

function ask(list: ListEntry[]): HTMLElement {
  const t = words.thread;
  const which = choice(
    list.map((entry) => [String(entry.assignment), String(entry.number)]),
    String(list.find((entry) => entry.state !== "signed")?.assignment ?? ""),
    { name: "assignment" },
  );
  const subject = element("input", { name: "subject", maxlength: 160, size: 40 });
  const text = element("textarea", { name: "text", rows: 3, maxlength: 4000 });
  const status = element("span", { role: "status" });
  const send = async () => {
    await postJson("/api/projects/queries/", {
      assignment: Number(which.value),
      subject: subject.value,
      text: text.value,
    });
    subject.value = text.value = "";
    status.textContent = t.sent;
    announce(t.sent);
  };
  return element(
    "details",
    { class: "project-ask" },
    element("summary", {}, w.ask),
    element(
      "div",
      { class: "filters" },
      labelled(t.whichCase, which),
      labelled(t.subject, subject),
    ),
    labelled(t.question, text),
    element("div", {}, actionButton(t.send, send, { testId: "send-query" }), status),
  );
}
