/** Forms of pages that are not React: a labelled field, a button that asks the server. */

import { RequestFailed } from "../../api/client.ts";
import { announce, element } from "../../shared/dom.ts";

type Option = [value: string, label: string];

export function labelled(label: string, field: HTMLElement): HTMLLabelElement {
  return element("label", {}, label, field);
}

export function choice(
  options: readonly Option[],
  chosen: string,
  attributes: Record<string, string> = {},
): HTMLSelectElement {
  return element(
    "select",
    attributes,
    ...options.map(([value, label]) =>
      element("option", { value, selected: value === chosen }, label),
    ),
  );
}

/** A button; while its action runs it cannot be pressed again, and a failure is said beside it. */
export function actionButton(
  label: string,
  action: () => Promise<void> | void,
  { kind = "", testId = "" }: { kind?: string; testId?: string } = {},
): HTMLElement {
  const button = element(
    "button",
    { type: "button", class: `button ${kind}`.trim(), "data-testid": testId || null },
    label,
  );
  const problem = element("span", { class: "error", role: "alert" });
  button.addEventListener("click", async () => {
    button.disabled = true;
    problem.textContent = "";
    try {
      await action();
    } catch (error) {
      problem.textContent = said(error);
    } finally {
      button.disabled = false;
    }
  });
  return element("span", { class: "action" }, button, problem);
}

export function said(error: unknown): string {
  const text =
    error instanceof RequestFailed || error instanceof Error ? error.message : String(error);
  announce(text);
  return text;
}
