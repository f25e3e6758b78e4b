/** The projects that somebody manages, reads or adjudicates; managers set new ones up here. */

import { getJson, postJson } from "../api/client.ts";
import { element, progressBar, required } from "../shared/dom.ts";
import { t as strings } from "../shared/strings.ts";
import { actionButton, choice, labelled, said } from "./parts/forms.ts";
import type { Project, ProjectRow } from "./parts/projectTypes.ts";
import "../styles/site.css";
import "../styles/projects.css";

const words = strings.projects;

interface Answer {
  projects: ProjectRow[];
  sites: { id: number; name: string }[];
}

const root = required<HTMLElement>("#projects");
const content = element("div");
root.append(
  element(
    "div",
    { class: "worklist-head" },
    element("h1", {}, words.title),
    element("a", { class: "button", href: "/projects/queries/" }, words.queries),
  ),
  element("p", { class: "muted" }, words.intro),
  content,
);

function show({ projects, sites }: Answer): void {
  content.replaceChildren(
    ...(sites.length ? [newProject(sites)] : []),
    projects.length ? table(projects) : empty(sites.length > 0),
  );
}

function newProject(sites: Answer["sites"]): HTMLElement {
  const name = element("input", { name: "name", maxlength: 120, required: true, size: 36 });
  const site = choice(
    sites.map((one) => [String(one.id), one.name]),
    String(sites[0]?.id),
    { name: "site" },
  );
  const make = async () => {
    const made = await postJson<Project>("/api/projects/", {
      name: name.value,
      site: Number(site.value),
    });
    location.assign(`/projects/${made.id}/`);
  };
  const form = element(
    "form",
    { class: "filters panel project-new", "aria-label": words.make },
    labelled(words.name, name),
    labelled(words.site, site),
    actionButton(words.create, make, { kind: "button-primary", testId: "create" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    form.querySelector<HTMLButtonElement>("button")?.click();
  });
  return form;
}

function table(rows: ProjectRow[]): HTMLElement {
  return element(
    "div",
    { class: "table-wrap panel" },
    element(
      "table",
      { class: "table", "data-testid": "projects-table" },
      element("caption", { class: "visually-hidden" }, words.title),
      element(
        "thead",
        {},
        element("tr", {}, ...words.columns.map((c) => element("th", { scope: "col" }, c))),
      ),
      element("tbody", {}, ...rows.map(line)),
    ),
  );
}

function line(row: ProjectRow): HTMLElement {
  const said = words.read(row.signed, row.to_read);
  return element(
    "tr",
    {},
    element("td", {}, element("a", { href: `/projects/${row.id}/` }, row.name)),
    element("td", {}, element("span", { class: `chip project-is-${row.state}` }, row.state_words)),
    element("td", {}, row.parts.join(", ")),
    element("td", { class: "number" }, String(row.cases)),
    element(
      "td",
      {},
      row.to_read
        ? element(
            "div",
            { class: "project-share" },
            progressBar(row.signed / row.to_read, said),
            said,
          )
        : "",
    ),
    element("td", { class: row.undecided ? "flag-count" : "" }, words.undecided(row.undecided)),
    element("td", {}, row.site),
  );
}

function empty(manages: boolean): HTMLElement {
  return element(
    "div",
    { class: "empty panel", "data-testid": "empty" },
    element("h2", {}, words.none),
    element("p", { class: "muted" }, manages ? words.noneManage : words.noneOther),
  );
}

getJson<Answer>("/api/projects/").then(show, (error: unknown) => {
  content.replaceChildren(element("p", { class: "notice notice-danger" }, said(error)));
});
