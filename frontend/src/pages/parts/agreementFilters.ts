/** The form above the agreement figures; its state lives in the address. */

import { element } from "../../shared/dom.ts";
import { t } from "../../shared/strings.ts";
import type { Choices } from "./agreementTypes.ts";

const CHOSEN = [
  "site",
  "reader",
  "field_strength_t",
  "manufacturer",
  "sequence_class",
  "pipeline_version",
] as const;

export function agreementFilters(address: URLSearchParams, changed: () => void) {
  const form = element("form", { class: "filters", "aria-label": t.agreement.filters.legend });
  const fixed = {
    condition: ["stress", "rest"],
    subset: ["all", "edited"],
  } as const;
  for (const [name, values] of Object.entries(fixed)) {
    const options = values.map((value) => [value, t.agreement.filters[value]] as [string, string]);
    form.append(select(name as keyof typeof fixed, options, address.get(name) ?? values[0]));
  }
  const segments = Array.from(
    { length: 16 },
    (_, n) => [`${n + 1}`, `${n + 1}`] as [string, string],
  );
  form.append(
    select("segment", [["", t.agreement.filters.any], ...segments], address.get("segment") ?? ""),
  );
  for (const name of CHOSEN) form.append(select(name, [["", t.agreement.filters.any]], ""));
  for (const name of ["signed_from", "signed_to"] as const) {
    const input = element("input", { type: "date", name, value: address.get(name) ?? "" });
    form.append(element("label", {}, t.agreement.filters[name], input));
  }
  form.addEventListener("input", changed);
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
        const options = choices[name].map((choice) => {
          const [value, label] = Array.isArray(choice) ? choice : [choice, choice];
          return element("option", { value: String(value) }, String(label));
        });
        list.replaceChildren(element("option", { value: "" }, t.agreement.filters.any), ...options);
        list.value = kept;
      }
    },
  };
}

function select(
  name: keyof typeof t.agreement.filters,
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
  return element("label", {}, t.agreement.filters[name], list);
}
