/** The form above the agreement figures; its state lives in the address. */

import { element } from "../../shared/dom.ts";
import { t } from "../../shared/strings.ts";
import type { Choices } from "./agreementTypes.ts";

const words = t.agreement;

const CHOSEN = [
  "site",
  "reader",
  "field_strength_t",
  "manufacturer",
  "scanner_model",
  "sequence_class",
  "version",
  "first_version",
  "second_version",
] as const;

/** Which filters mean nothing for which comparison: they are put away. */
const AWAY: Record<string, readonly string[]> = {
  final: ["first_version", "second_version"],
  readers: ["subset", "first_version", "second_version"],
  versions: ["subset", "reader", "version", "signed_from", "signed_to"],
};

export function agreementFilters(address: URLSearchParams, changed: () => void) {
  const form = element("form", { class: "filters", "aria-label": words.filters.legend });
  const fixed = {
    comparison: ["final", "readers", "versions"],
    measure: ["stress", "rest", "mpr"],
    scope: ["segment", "global"],
    subset: ["all", "edited", "scratch"],
  } as const;
  for (const [name, values] of Object.entries(fixed)) {
    const options = values.map(
      (value) => [value, words.filters[value === "segment" ? "each" : value]] as [string, string],
    );
    form.append(select(name as keyof typeof fixed, options, address.get(name) ?? values[0]));
  }
  const segments = Array.from(
    { length: 16 },
    (_, n) => [`${n + 1}`, `${n + 1}`] as [string, string],
  );
  form.append(
    select("segment", [["", words.filters.any], ...segments], address.get("segment") ?? ""),
  );
  for (const name of CHOSEN) form.append(select(name, [["", words.filters.any]], ""));
  for (const name of ["signed_from", "signed_to"] as const) {
    const input = element("input", { type: "date", name, value: address.get(name) ?? "" });
    form.append(element("label", {}, words.filters[name], input));
  }
  const putAway = () => {
    const now = form.querySelector<HTMLSelectElement>('[name="comparison"]')?.value ?? "final";
    for (const field of form.querySelectorAll<HTMLSelectElement>("[name]")) {
      field.disabled = AWAY[now]?.includes(field.name) ?? false;
      field.closest("label")?.toggleAttribute("hidden", field.disabled);
    }
  };
  putAway();
  form.addEventListener("input", () => {
    putAway();
    changed();
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  return {
    form,

    /** The filters as a query; empty ones are left out. */
    query(): string {
      const query = new URLSearchParams();
      for (const [name, value] of new FormData(form)) {
        if (typeof value === "string" && value) query.set(name, value);
      }
      for (const name of CHOSEN) {
        const early = address.get(name);
        if (early && !query.has(name)) query.set(name, early);
      }
      return query.toString();
    },

    /** Fill the lists with what has been signed; the chosen value stays. */
    offer(choices: Choices): void {
      for (const name of CHOSEN) {
        const list = form.querySelector<HTMLSelectElement>(`select[name="${name}"]`);
        if (!list) continue;
        const kept = list.value || address.get(name) || "";
        address.delete(name);
        const known =
          name === "first_version" || name === "second_version" ? choices.version : choices[name];
        const options = known.map((choice) => {
          const [value, label] = Array.isArray(choice) ? choice : [choice, choice];
          return element("option", { value: String(value) }, String(label));
        });
        list.replaceChildren(element("option", { value: "" }, words.filters.any), ...options);
        list.value = kept;
      }
    },
  };
}

function select(
  name: keyof typeof words.filters,
  options: [value: string, label: string][],
  chosen: string,
): HTMLElement {
  const list = element(
    "select",
    { name },
    ...options.map(([value, label]) =>
      element("option", { value, selected: value === chosen }, label),
    ),
  );
  return element("label", {}, words.filters[name], list);
}
