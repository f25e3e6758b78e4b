/** Filters kept by name on the server, for the signed-in person. */

import { getJson, putJson } from "../../api/client.ts";
import { announce, element } from "../../shared/dom.ts";
import { t } from "../../shared/strings.ts";
import type { Filters } from "./filters.ts";

export type SavedFilter = { name: string; ordering?: string } & Partial<Omit<Filters, "q">>;
interface Preferences {
  worklist?: { filters: SavedFilter[] };
}

const URL = "/api/me/preferences/";

/** What is worth keeping: everything that is set, but never the search text. */
export function keepable(name: string, values: Filters, ordering: string): SavedFilter {
  const set = Object.entries(values).filter(([key, value]) => key !== "q" && value !== "");
  return { name, ...Object.fromEntries(set), ...(ordering ? { ordering } : {}) };
}

/** The list with one added, or replaced where the name is taken. */
export function withSaved(list: readonly SavedFilter[], one: SavedFilter): SavedFilter[] {
  const known = list.some(({ name }) => name === one.name);
  return known ? list.map((old) => (old.name === one.name ? one : old)) : [...list, one];
}

/**
 * A row of buttons, one per saved filter, and a field to save the present ones.
 * `now` gives them, `apply` sets them.
 */
export function savedFiltersBar(
  now: () => { values: Filters; ordering: string },
  apply: (saved: SavedFilter) => void,
): HTMLElement {
  let list: SavedFilter[] = [];
  const words = t.assess.worklist;
  const buttons = element("span", { class: "saved-filters-list" });
  const name = element("input", {
    "aria-label": words.saveAs,
    placeholder: words.saveAs,
    maxlength: 40,
    "data-testid": "filter-name",
  });
  const form = element(
    "form",
    { class: "saved-filters-form" },
    name,
    element(
      "button",
      { type: "submit", class: "button", title: words.privacy, "data-testid": "filter-save" },
      words.save,
    ),
  );
  const show = () => {
    buttons.replaceChildren(
      ...list.flatMap((one) => {
        const use = element("button", { type: "button", class: "chip chip-button" }, one.name);
        use.addEventListener("click", () => apply(one));
        const forget = element(
          "button",
          { type: "button", class: "link", "aria-label": words.remove(one.name) },
          "✕",
        );
        forget.addEventListener("click", () => void keep(list.filter((other) => other !== one)));
        return [element("span", { class: "saved-filter" }, use, forget)];
      }),
    );
  };
  const keep = async (next: SavedFilter[]) => {
    try {
      await putJson(URL, { worklist: { filters: next } });
      list = next;
      show();
    } catch (error) {
      announce(words.notSaved(error instanceof Error ? error.message : String(error)));
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    if (!wanted) return name.focus();
    const { values, ordering } = now();
    name.value = "";
    void keep(withSaved(list, keepable(wanted, values, ordering)));
  });
  void getJson<Preferences>(URL).then((kept) => {
    list = kept.worklist?.filters ?? [];
    show();
  });
  return element(
    "div",
    { class: "saved-filters", role: "group", "aria-label": words.saved, "data-testid": "saved" },
    buttons,
    form,
  );
}
