/** The rules of a project in set-up: blinding, repeats, limit, training. */

import { sendJson } from "../../api/client.ts";
import { announce, element } from "../../shared/dom.ts";
import { t as strings } from "../../shared/strings.ts";
import { actionButton, choice, labelled } from "./forms.ts";
import type { Limit, Project, Training } from "./projectTypes.ts";

const words = strings.projects;

const w = words.setup;

export function rulesForm(project: Project, show: (data: Project) => void): HTMLElement {
  const blinding = choice(Object.entries(w.blindings), project.blinding, { name: "blinding" });
  const repeats = number("repeat_percent", project.repeat_percent ?? 0, 50, 1);
  const limit = project.limits[0];
  const quantity = choice(
    [["", w.noLimit], ...Object.entries(w.quantities)],
    limit?.quantity ?? "",
  );
  const scope = choice(Object.entries(w.scopes), limit?.scope ?? "global");
  const unit = choice(Object.entries(w.units), limit?.unit ?? "percent");
  const most = number("most", limit?.most ?? 10, 200, 0.01);
  const rule = "limit" in project.training ? (project.training as Training) : null;
  const trains = element("input", { type: "checkbox", checked: rule !== null });
  const within = number("within", rule?.limit.most ?? 15, 200, 0.1);
  const share = number("share", Math.round((rule?.share ?? 0.8) * 100), 100, 1);

  const save = async () => {
    const limits: Limit[] = quantity.value
      ? [
          {
            quantity: quantity.value as Limit["quantity"],
            scope: scope.value as Limit["scope"],
            unit: unit.value as Limit["unit"],
            most: Number(most.value),
          },
          // Further limits were set over the API; this form changes the first.
          ...project.limits.slice(1),
        ]
      : [];
    const training = trains.checked
      ? {
          limit: { quantity: "mbf", scope: "global", unit: "percent", most: Number(within.value) },
          share: Number(share.value) / 100,
        }
      : {};
    const changed = await sendJson<Project>("PATCH", `/api/projects/${project.id}/`, {
      blinding: blinding.value,
      repeat_percent: Number(repeats.value),
      limits,
      training,
    });
    show(changed);
    announce(w.saved);
  };
  return element(
    "div",
    { class: "project-rules" },
    labelled(w.blinding, blinding),
    labelled(w.repeats, repeats),
    group(w.limit, quantity, scope, w.more, most, unit),
    group(
      w.trainingRule,
      element("label", {}, trains, ` ${w.trainingWithin}`),
      within,
      w.ofReference,
      share,
      w.ofCases,
    ),
    actionButton(w.save, save, { testId: "save-rules" }),
  );
}

function group(legend: string, ...parts: (HTMLElement | string)[]): HTMLElement {
  for (const part of parts) {
    if (part instanceof HTMLSelectElement || part instanceof HTMLInputElement) {
      part.setAttribute("aria-label", legend);
    }
  }
  return element("fieldset", {}, element("legend", {}, legend), ...parts);
}

function number(name: string, value: number, most: number, step: number): HTMLInputElement {
  return element("input", { type: "number", name, value, min: 0, max: most, step });
}
