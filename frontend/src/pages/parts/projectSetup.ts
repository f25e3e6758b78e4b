/** Setting a project up: studies, people, rules, and opening it. */

import { getJson, postJson, sendJson } from "../../api/client.ts";
import { formatDate } from "../../shared/dates.ts";
import { announce, element } from "../../shared/dom.ts";
import { t as strings } from "../../shared/strings.ts";
import { actionButton, choice, said } from "./forms.ts";
import { rulesForm } from "./projectRules.ts";
import type { Project, Setup } from "./projectTypes.ts";

const words = strings.projects;

const w = words.setup;
type Show = (data: Project) => void;

/** Who was picked by role: an answer to an earlier change draws the page anew, and must not undo it. */
const picked = new Map<string, string>();

export function setupPanels(project: Project, show: Show): HTMLElement {
  const studies = element("div");
  const load = () =>
    getJson<Setup>(`/api/projects/${project.id}/setup/`).then(
      (setup) => studies.replaceChildren(...studyPanel(project, setup, show)),
      (error: unknown) => {
        studies.textContent = said(error);
      },
    );
  void load();
  return element(
    "div",
    { class: "project-setup" },
    panel("studies", w.title, studies),
    element(
      "div",
      {},
      panel(
        "people",
        w.members,
        people(project, "reader", show),
        people(project, "adjudicator", show),
      ),
      panel("rules", w.rules, rulesForm(project, show)),
      element(
        "section",
        { class: "panel project-panel" },
        element("p", {}, w.openHint),
        actionButton(
          w.open,
          async () => show(await postJson<Project>(`/api/projects/${project.id}/open/`, {})),
          { kind: "button-primary", testId: "open" },
        ),
      ),
    ),
  );
}

function panel(id: string, title: string, ...children: HTMLElement[]): HTMLElement {
  return element(
    "section",
    { class: "panel project-panel", "aria-labelledby": id },
    element("h2", { id }, title),
    ...children,
  );
}

function studyPanel(project: Project, setup: Setup, show: Show): HTMLElement[] {
  const chosen = new Set<number>();
  const add = actionButton(
    w.add(0),
    async () => {
      show(await postJson<Project>(`/api/projects/${project.id}/cases/`, { studies: [...chosen] }));
      announce(w.add(chosen.size));
    },
    { kind: "button-primary", testId: "add-studies" },
  );
  const button = add.querySelector("button");
  const count = () => {
    if (button) button.textContent = w.add(chosen.size);
  };
  const rows = setup.studies.map((study) => {
    const tick = element("input", {
      type: "checkbox",
      "aria-label": `${study.patient_name} ${study.patient_id}`,
    });
    tick.addEventListener("change", () => {
      if (tick.checked) chosen.add(study.id);
      else chosen.delete(study.id);
      count();
    });
    const field = study.field_strength_t === null ? "" : `${study.field_strength_t} T`;
    return element(
      "tr",
      {},
      element("td", {}, tick),
      element("td", {}, study.patient_name || study.patient_id),
      element("td", {}, formatDate(study.study_date)),
      element("td", {}, [study.sequence_class, field].filter(Boolean).join(" · ")),
      element("td", {}, study.site),
    );
  });
  return [
    setup.cases.length === 0
      ? element("p", { class: "muted" }, w.noCases)
      : cases(project, setup, show),
    element("h3", {}, w.choose),
    rows.length === 0
      ? element("p", { class: "muted" }, w.noStudies)
      : element(
          "div",
          { class: "table-wrap project-choose" },
          element("table", { class: "table" }, element("tbody", {}, ...rows)),
        ),
    ...(rows.length ? [add] : []),
  ];
}

function cases(project: Project, setup: Setup, show: Show): HTMLElement {
  const address = (id: number) => `/api/projects/${project.id}/cases/${id}/`;
  return element(
    "div",
    { class: "table-wrap project-choose" },
    element(
      "table",
      { class: "table", "data-testid": "cases" },
      element(
        "tbody",
        {},
        ...setup.cases.map((one) => {
          const use = choice(
            [
              ["", w.reading],
              ...one.references.map((r): [string, string] => [
                String(r.id),
                w.trainingWith(r.words),
              ]),
            ],
            one.reference === null ? "" : String(one.reference),
            { "aria-label": `${w.use}: ${one.patient_name}` },
          );
          const problem = element("span", { class: "error", role: "alert" });
          use.addEventListener("change", () => {
            const reference = use.value ? Number(use.value) : null;
            postJson<Project>(address(one.id), { reference }).then(show, (error: unknown) => {
              problem.textContent = said(error);
            });
          });
          return element(
            "tr",
            {},
            element("td", { class: "number" }, String(one.number)),
            element("td", {}, one.patient_name || one.patient_id),
            element("td", {}, one.site),
            element("td", {}, one.references.length ? use : w.reading, problem),
            element(
              "td",
              {},
              actionButton(w.remove, async () =>
                show(await sendJson<Project>("DELETE", address(one.id), {})),
              ),
            ),
          );
        }),
      ),
    ),
  );
}

function people(project: Project, role: "reader" | "adjudicator", show: Show): HTMLElement {
  const title = role === "reader" ? w.readers : w.adjudicators;
  const own = project.members.filter((member) => member.role === role);
  const taken = new Set(project.members.map((member) => member.user));
  const free = (project.candidates?.[role] ?? []).filter((person) => !taken.has(person.id));
  const who = choice(
    free.map((person) => [String(person.id), person.name]),
    picked.get(role) ?? "",
    { "aria-label": title, name: role },
  );
  who.addEventListener("change", () => picked.set(role, who.value));
  const address = `/api/projects/${project.id}/members/`;
  return element(
    "div",
    { class: "project-people" },
    element("h3", {}, title),
    own.length === 0 ? element("p", { class: "muted" }, w.noMember) : null,
    element(
      "ul",
      {},
      ...own.map((member) =>
        element(
          "li",
          {},
          element("span", {}, member.name),
          actionButton(w.remove, async () =>
            show(await sendJson<Project>("DELETE", `${address}${member.id}/`, {})),
          ),
        ),
      ),
    ),
    free.length
      ? element(
          "div",
          { class: "project-actions" },
          who,
          actionButton(
            w.addMember,
            async () => show(await postJson<Project>(address, { user: Number(who.value), role })),
            { testId: `add-${role}` },
          ),
        )
      : element("p", { class: "muted" }, w.nobodyLeft),
  );
}
