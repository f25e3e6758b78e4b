/** Progress as a picture: a row per reader, a square per case; below, what needs somebody. */

import { postJson } from "../../api/client.ts";
import { announce, element } from "../../shared/dom.ts";
import { t as strings } from "../../shared/strings.ts";
import { actionButton } from "./forms.ts";
import type { Progress, Project } from "./projectTypes.ts";

const words = strings.projects;

const w = words.progress;

export function progress(
  project: Project,
  data: Progress,
  show: (data: Project) => void,
): HTMLElement {
  const problems = data.cases.filter((one) => one.problem);
  return element(
    "section",
    { class: "panel project-panel", "aria-labelledby": "progress" },
    element("h2", { id: "progress" }, w.title),
    element(
      "div",
      { class: "table-wrap" },
      element(
        "table",
        { class: "progress-grid", "data-testid": "progress" },
        element("caption", { class: "visually-hidden" }, w.caption),
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            element("th", { scope: "col" }, w.reader),
            ...data.cases.map((one) =>
              element(
                "th",
                {
                  scope: "col",
                  class: mark(one),
                  title: `${one.site}${one.problem && `: ${one.problem}`}`,
                },
                one.kind === "training" ? `${w.training}${one.number}` : String(one.number),
              ),
            ),
          ),
        ),
        element(
          "tbody",
          {},
          ...data.readers.map((reader, place) =>
            element(
              "tr",
              {},
              element(
                "th",
                { scope: "row" },
                reader.name,
                element("small", { class: "muted" }, words.read(reader.signed, reader.total)),
                reader.training_failed && project.may.manage
                  ? again(project, reader.id, show)
                  : null,
              ),
              ...data.cases.map((one) =>
                element("td", {}, ...(one.cells[place] ?? []).map((cell) => square(cell))),
              ),
            ),
          ),
        ),
      ),
    ),
    legend(),
    ...(problems.length ? [problemList(project, problems, show)] : []),
  );
}

function square(cell: string): HTMLElement {
  const state = cell.split(" ").at(-1) ?? "waiting";
  const kind = cell.includes(" ") ? cell.split(" ")[0] : "";
  const label = [kind, w.words[state] ?? state].filter(Boolean).join(", ");
  return element(
    "span",
    { class: `reading-square reading-small reading-${state}`, title: label },
    element(
      "span",
      { "aria-hidden": "true" },
      kind === "repeat" ? "2" : kind === "third" ? "3" : "",
    ),
    element("span", { class: "visually-hidden" }, label),
  );
}

function mark(one: Progress["cases"][number]): string {
  if (one.problem) return "case-problem";
  return one.adjudication === "open" ? "case-disagreement" : "";
}

function legend(): HTMLElement {
  const squares = (["waiting", "draft", "signed", "waived"] as const).map((state) =>
    element(
      "li",
      {},
      element("span", { class: `reading-square reading-small reading-${state}` }),
      w.legend[state],
    ),
  );
  return element(
    "ul",
    { class: "project-legend", "aria-hidden": "true" },
    ...squares,
    element("li", {}, element("span", { class: "case-problem" }, "7"), w.legend.problem),
    element("li", {}, element("span", { class: "case-disagreement" }, "7"), w.legend.disagreement),
  );
}

function problemList(
  project: Project,
  cases: Progress["cases"],
  show: (data: Project) => void,
): HTMLElement {
  return element(
    "div",
    {},
    element("h3", {}, w.problems),
    element(
      "ul",
      { class: "project-problems" },
      ...cases.map((one) =>
        element(
          "li",
          {},
          element("a", { href: `/studies/${one.study}/` }, `${words.setup.study} ${one.number}:`),
          ` ${one.problem} `,
          project.may.manage
            ? actionButton(w.analyse, async () => {
                show(
                  await postJson<Project>(`/api/projects/${project.id}/cases/${one.id}/`, {
                    analyse: true,
                  }),
                );
                announce(w.asked);
              })
            : null,
        ),
      ),
    ),
  );
}

function again(project: Project, reader: number, show: (data: Project) => void): HTMLElement {
  return element(
    "span",
    { class: "flag-count" },
    `${w.failed} `,
    actionButton(w.again, async () =>
      show(await postJson<Project>(`/api/projects/${project.id}/training/`, { reader })),
    ),
  );
}

export function disagreements(project: Project): HTMLElement {
  const t = words.adjudications;
  const rows = project.adjudications;
  // A manager knows that there are disagreements; what they are is for the adjudicators.
  const opens = project.may.adjudicate || project.state === "locked";
  return element(
    "section",
    { class: "panel project-panel", "aria-labelledby": "disagreements" },
    element("h2", { id: "disagreements" }, t.title),
    rows.length === 0 ? element("p", { class: "muted" }, t.none) : null,
    element(
      "ul",
      { class: "project-problems", "data-testid": "disagreements" },
      ...rows.map((row) =>
        element(
          "li",
          {},
          opens
            ? element(
                "a",
                { href: `/projects/adjudications/${row.id}/` },
                t.row(row.case, row.differences),
              )
            : t.row(row.case, row.differences),
          " ",
          element(
            "span",
            { class: row.decisions ? "chip chip-ok" : "chip chip-warn" },
            row.decisions ? t.decided : t.open,
          ),
        ),
      ),
    ),
  );
}

/** Reader and quantity come before the columns of numbers. */
const FIRST_NUMBER = 2;

export function repeatability(project: Project): HTMLElement {
  const t = words.repeatability;
  return element(
    "section",
    { class: "panel project-panel", "aria-labelledby": "repeats" },
    element("h2", { id: "repeats" }, t.title),
    element(
      "table",
      { class: "table" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...t.columns.map((name, at) =>
            element("th", { scope: "col", class: at < FIRST_NUMBER ? "" : "number" }, name),
          ),
        ),
      ),
      element(
        "tbody",
        {},
        ...project.repeatability.map((row) =>
          element(
            "tr",
            {},
            element("td", {}, row.reader),
            element("td", {}, t.names[row.quantity]),
            element("td", { class: "number" }, String(row.pairs)),
            element("td", { class: "number" }, row.bias.toFixed(3)),
            element("td", { class: "number" }, row.within_sd.toFixed(3)),
            element("td", { class: "number" }, `${(100 * row.cv).toFixed(1)} %`),
          ),
        ),
      ),
    ),
  );
}
