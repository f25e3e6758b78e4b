/** The end of a project: lock it, then take its readings out. */

import { postJson } from "../../api/client.ts";
import { formatDateTime } from "../../shared/dates.ts";
import { element } from "../../shared/dom.ts";
import { t as strings } from "../../shared/strings.ts";
import { actionButton, labelled } from "./forms.ts";
import type { Project } from "./projectTypes.ts";

const words = strings.projects;

const w = words.lock;

export function lockPanel(project: Project, show: (data: Project) => void): HTMLElement {
  if (project.state !== "locked" && !project.may.manage) return element("div");
  const parts =
    project.state === "locked" ? locked(project) : [element("p", {}, w.hint), form(project, show)];
  return element(
    "section",
    { class: "panel project-panel", "aria-labelledby": "lock" },
    element("h2", { id: "lock" }, w.title),
    ...parts,
  );
}

function form(project: Project, show: (data: Project) => void): HTMLElement {
  const reason = element("input", { name: "reason", maxlength: 500, size: 60 });
  const lock = async () => {
    if (!confirm(w.sure)) return;
    show(await postJson<Project>(`/api/projects/${project.id}/lock/`, { reason: reason.value }));
  };
  return element(
    "div",
    { class: "filters" },
    labelled(w.reason, reason),
    actionButton(w.button, lock, { kind: "button-danger", testId: "lock" }),
  );
}

function locked(project: Project): HTMLElement[] {
  const files = (["csv", "parquet"] as const).map((kind) =>
    element(
      "a",
      { class: "button", href: `/api/projects/${project.id}/readings.${kind}` },
      w[kind],
    ),
  );
  return [
    element("p", {}, w.locked(project.locked_by ?? "", formatDateTime(project.locked_at))),
    element("p", { class: "muted" }, `${w.hash}: `, element("code", {}, project.content_sha256)),
    ...(project.may.export ? [element("p", { class: "project-actions" }, ...files)] : []),
  ];
}
