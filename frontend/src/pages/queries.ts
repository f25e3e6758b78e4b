/** Queries of projects to sites: the open ones first, each with its thread. */

import { getJson, postJson } from "../api/client.ts";
import { formatDateTime } from "../shared/dates.ts";
import { element, required } from "../shared/dom.ts";
import { t as strings } from "../shared/strings.ts";
import { actionButton, labelled, said } from "./parts/forms.ts";
import type { SiteQuery } from "./parts/projectTypes.ts";
import "../styles/site.css";
import "../styles/projects.css";

const words = strings.projects;

const w = words.thread;
const ORDER = { open: 0, answered: 1, closed: 2 };
const root = required<HTMLElement>("#queries");
const content = element("div");
root.append(
  element(
    "div",
    { class: "worklist-head" },
    element("h1", {}, w.title),
    element("a", { class: "button", href: "/projects/" }, words.back),
  ),
  content,
);

function show(rows: SiteQuery[]): void {
  const sorted = [...rows].sort((a, b) => ORDER[a.state] - ORDER[b.state]);
  content.replaceChildren(...(sorted.length ? sorted.map(thread) : [empty()]));
}

function thread(query: SiteQuery): HTMLElement {
  const text = element("textarea", { rows: 2, maxlength: 4000 });
  const say = (kind: SiteQuery["steps"][number]) => async () => {
    const address = `/api/projects/queries/${query.id}/messages/`;
    const next = await postJson<SiteQuery>(address, { kind, text: text.value });
    box.replaceWith(thread(next));
  };
  const box = element(
    "details",
    { class: "panel project-query", open: query.state !== "closed", "data-testid": "query" },
    element(
      "summary",
      {},
      element("strong", {}, query.subject),
      element("span", { class: `chip query-${query.state}` }, w.states[query.state]),
      element(
        "span",
        { class: "muted" },
        `${query.project.name}, ${w.caseOf(query.case)}, ${query.site}`,
      ),
    ),
    element(
      "ol",
      { class: "project-thread" },
      ...query.messages.map((message) =>
        element(
          "li",
          {},
          element("strong", {}, message.author),
          element("span", { class: "muted" }, `${message.kind}, ${formatDateTime(message.at)}`),
          message.text ? element("p", {}, message.text) : null,
        ),
      ),
    ),
    query.study === null
      ? null
      : element("p", {}, element("a", { href: `/studies/${query.study}/` }, w.study)),
    query.steps.length ? labelled(w.write, text) : null,
    element(
      "p",
      { class: "project-actions" },
      ...query.steps.map((kind, place) =>
        actionButton(w[kind], say(kind), { kind: place === 0 ? "button-primary" : "" }),
      ),
    ),
  );
  return box;
}

function empty(): HTMLElement {
  return element(
    "div",
    { class: "empty panel", "data-testid": "empty" },
    element("h2", {}, w.none),
    element("p", { class: "muted" }, w.noneHint),
  );
}

getJson<SiteQuery[]>(`/api/projects/queries/${location.search}`).then(show, (error: unknown) => {
  content.replaceChildren(element("p", { class: "notice notice-danger" }, said(error)));
});
