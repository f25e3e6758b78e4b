/** One project: one's own list, progress, disagreements, set-up, lock and export. */

import { getJson } from "../api/client.ts";
import { formatDateTime } from "../shared/dates.ts";
import { element, required } from "../shared/dom.ts";
import { t as strings } from "../shared/strings.ts";
import { said } from "./parts/forms.ts";
import { lockPanel } from "./parts/projectLock.ts";
import { myList } from "./parts/projectMine.ts";
import { disagreements, progress, repeatability } from "./parts/projectProgress.ts";
import { setupPanels } from "./parts/projectSetup.ts";
import type { Project } from "./parts/projectTypes.ts";
import "../styles/site.css";
import "../styles/projects.css";

const words = strings.projects;

const root = required<HTMLElement>("#project");
const address = `/api/projects/${root.dataset.record}/`;

function show(data: Project): void {
  document.title = `${data.name} - QPerf Web`;
  root.replaceChildren(
    element(
      "div",
      { class: "worklist-head" },
      element("h1", {}, data.name),
      element(
        "span",
        { class: `chip project-is-${data.state}`, "data-testid": "state" },
        data.state_words,
      ),
      element(
        "a",
        { class: "button", href: `/projects/queries/?project=${data.id}` },
        data.queries_open ? `${words.queries} (${data.queries_open})` : words.queries,
      ),
      element("a", { class: "button", href: "/projects/" }, words.back),
    ),
    ...(data.purpose ? [element("p", {}, data.purpose)] : []),
    facts(data),
    ...(data.mine ? [myList(data, data.mine)] : []),
    ...(data.state === "setup" && data.may.manage ? [setupPanels(data, show)] : []),
    ...(data.progress && data.state !== "setup" ? [progress(data, data.progress, show)] : []),
    ...(data.state !== "setup" && (data.may.adjudicate || data.may.manage || data.locked_at)
      ? [disagreements(data)]
      : []),
    ...(data.repeatability.length ? [repeatability(data)] : []),
    ...(data.state !== "setup" ? [lockPanel(data, show)] : []),
  );
}

function facts(data: Project): HTMLElement {
  const settings = data.analysis_settings;
  const models = Object.entries(settings?.models ?? {}).map(([name, v]) => `${name} ${v}`);
  const hidden = data.case_count - data.cases;
  const items: [string, string, string?][] = [
    [words.facts.cases, String(data.cases), hidden > 0 ? words.facts.elsewhere(hidden) : ""],
    [words.facts.blinding, data.blinding_words],
    [words.facts.limits, data.limit_words.join("; ") || words.facts.noLimits],
  ];
  if (settings) {
    const opened = data.opened_at ? formatDateTime(data.opened_at) : "";
    items.push([
      words.facts.settings,
      [`pipeline ${settings.pipeline_version}`, ...models].join(", "),
      opened,
    ]);
  }
  if (data.repeat_percent) items.push([words.facts.repeats, `${data.repeat_percent} %`]);
  return element(
    "dl",
    { class: "project-facts" },
    ...items.map(([name, value, detail]) =>
      element(
        "div",
        { class: "panel" },
        element("dt", {}, name),
        element("dd", {}, value),
        detail ? element("dd", { class: "muted" }, detail) : null,
      ),
    ),
  );
}

getJson<Project>(address).then(show, (error: unknown) => {
  root.replaceChildren(element("p", { class: "notice notice-danger" }, said(error)));
});
