/** The search and filter form of the worklist; its values are the address's query. */

import type { WorklistRow } from "../../api/studyTypes.ts";
import { element } from "../../shared/dom.ts";
import { t } from "../../shared/strings.ts";

const NAMES = ["q", "site", "state", "condition", "assigned", "flagged", "from", "to"] as const;
export type Filters = Record<(typeof NAMES)[number], string>;

export interface FiltersForm {
  form: HTMLFormElement;
  search: HTMLInputElement;
  values(): Filters;
  clear(): void;
  /** Set these filters and no others. */
  set(values: Partial<Filters>): void;
  /** Add sites and states that have been seen to the choices. */
  offer(rows: readonly WorklistRow[]): void;
}

/** `typed` is called while someone types, `chosen` when a choice is complete. */
export function filtersForm(
  address: URLSearchParams,
  typed: () => void,
  chosen: () => void,
): FiltersForm {
  const search = element("input", {
    type: "search",
    name: "q",
    placeholder: t.worklist.searchHint,
    autocomplete: "off",
  });
  const site = select("site", []);
  const state = select("state", []);
  const condition = select("condition", [
    ["stress", t.conditions.stress],
    ["rest", t.conditions.rest],
    ["unknown", t.conditions.unknown],
  ]);
  const assigned = select("assigned", [
    ["me", t.assess.worklist.mine],
    ["nobody", t.assess.worklist.nobody],
  ]);
  const flagged = element("input", { type: "checkbox", name: "flagged", value: "1" });
  const from = element("input", { type: "date", name: "from" });
  const to = element("input", { type: "date", name: "to" });
  const clearButton = element("button", { type: "button", class: "button" }, t.worklist.clear);
  const form = element(
    "form",
    { class: "filters", role: "search" },
    element("label", {}, t.worklist.search, search),
    element("label", {}, t.worklist.site, site),
    element("label", {}, t.worklist.state, state),
    element("label", {}, t.worklist.condition, condition),
    element("label", {}, t.assess.worklist.assigned, assigned),
    element("label", {}, t.worklist.from, from),
    element("label", {}, t.worklist.to, to),
    element("label", { class: "filter-check" }, flagged, t.worklist.flagged),
    clearButton,
  );
  for (const name of NAMES) setField(form, name, address.get(name) ?? "");
  form.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", typed);
  form.addEventListener("change", (event) => {
    if (event.target !== search) chosen();
  });

  const values = () =>
    Object.fromEntries(NAMES.map((name) => [name, fieldValue(form, name)])) as Filters;
  const set = (wanted: Partial<Filters>) => {
    for (const name of NAMES) setField(form, name, wanted[name] ?? "");
    chosen();
  };
  const clear = () => set({});
  clearButton.addEventListener("click", clear);
  return {
    form,
    search,
    values,
    clear,
    set,
    offer(rows) {
      for (const row of rows) {
        addOption(site, row.site, row.site);
        addOption(state, row.state, row.state_words);
      }
    },
  };
}

function select(name: string, options: [string, string][]): HTMLSelectElement {
  const made = element("select", { name }, element("option", { value: "" }, t.worklist.any));
  for (const [value, words] of options) addOption(made, value, words);
  return made;
}

function addOption(list: HTMLSelectElement, value: string, words: string): void {
  if (!value || [...list.options].some((option) => option.value === value)) return;
  list.append(element("option", { value }, words));
}

function field(form: HTMLFormElement, name: string): HTMLInputElement | HTMLSelectElement {
  return form.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement;
}

function fieldValue(form: HTMLFormElement, name: string): string {
  const found = field(form, name);
  if (found instanceof HTMLInputElement && found.type === "checkbox") {
    return found.checked ? found.value : "";
  }
  return found.value.trim();
}

function setField(form: HTMLFormElement, name: string, value: string): void {
  const found = field(form, name);
  if (found instanceof HTMLInputElement && found.type === "checkbox") {
    found.checked = value !== "";
    return;
  }
  if (found instanceof HTMLSelectElement) addOption(found, value, value);
  found.value = value;
}
