/** One disagreement: readings side by side, the decision, and what another adjudicator decided. */

import { getJson, postJson, RequestFailed } from "../api/client.ts";
import { formatDateTime } from "../shared/dates.ts";
import { announce, element, required } from "../shared/dom.ts";
import { t as strings } from "../shared/strings.ts";
import { actionButton, labelled, said } from "./parts/forms.ts";
import type { Adjudication, Decision } from "./parts/projectTypes.ts";
import "../styles/site.css";
import "../styles/projects.css";

const words = strings.projects;

const w = words.adjudication;
const root = required<HTMLElement>("#adjudication");
const address = `/api/projects/adjudications/${root.dataset.record}/`;
const ORDER = ["stress", "rest", "mpr"];

/** What the adjudicator has chosen and written: it outlives somebody else's decision. */
const draft = { reading: 0, reason: "" };

function show(data: Adjudication): void {
  root.replaceChildren(
    element(
      "div",
      { class: "worklist-head" },
      element("h1", {}, w.title(data.case)),
      element("span", { class: "muted" }, `${data.patient_name} ${data.patient_id}`),
      element("a", { class: "button", href: `/studies/${data.study}/` }, w.study),
      element("a", { class: "button", href: `/projects/${data.project.id}/` }, data.project.name),
    ),
    ...data.differences
      .slice(0, 3)
      .map((one) =>
        element(
          "p",
          { class: "notice notice-warn" },
          `${name(one.name, one.segment)}: ${span(one.low, one.high)}. ${words.facts.limits}: ${one.limit}`,
        ),
      ),
    element(
      "div",
      { class: "project-setup" },
      values(data),
      element("div", {}, ...decide(data), decisions(data)),
    ),
  );
}

function values(data: Adjudication): HTMLElement {
  const rows = new Map<string, { name: string; segment: number }>();
  for (const reading of data.readings) {
    for (const one of reading.values) {
      rows.set(`${ORDER.indexOf(one.name)} ${String(one.segment).padStart(2, "0")}`, one);
    }
  }
  const far = new Set(data.differences.map((one) => `${one.name} ${one.segment}`));
  const of = (reading: Adjudication["readings"][number], row: { name: string; segment: number }) =>
    reading.values.find((one) => one.name === row.name && one.segment === row.segment)?.value ??
    null;
  const sorted = [...rows.entries()].sort(([a], [b]) => a.localeCompare(b)).map(([, row]) => row);
  const found = data.readings.flatMap((r) => r.values.map((v) => v.value ?? 0));
  const highest = 1.05 * Math.max(0.1, ...found); // the last dot stays inside its cell
  return element(
    "div",
    { class: "table-wrap panel project-values" },
    element(
      "table",
      { class: "table", "data-testid": "values" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col" }, w.value),
          ...data.readings.map((reading) =>
            element(
              "th",
              { scope: "col", class: "number" },
              `${reading.label}: ${reading.reader}`,
              reading.third ? ` (${w.third})` : "",
            ),
          ),
          element("th", { scope: "col" }, w.range),
        ),
      ),
      element(
        "tbody",
        {},
        ...sorted.map((row) =>
          element(
            "tr",
            { class: far.has(`${row.name} ${row.segment}`) ? "value-far" : "" },
            element("th", { scope: "row" }, name(row.name, row.segment)),
            ...data.readings.map((reading) =>
              element("td", { class: "number" }, of(reading, row)?.toFixed(2) ?? "-"),
            ),
            element(
              "td",
              {},
              spread(
                data.readings.map((r) => of(r, row)),
                data,
                highest,
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Where the readings lie on one scale: a dot each, a line between. */
function spread(found: (number | null)[], data: Adjudication, highest: number): HTMLElement {
  const line = element("span", { class: "spread", "aria-hidden": "true" });
  found.forEach((value, place) => {
    if (value === null) return;
    const dot = element("span", { class: "spread-dot" }, data.readings[place]?.label ?? "");
    dot.style.insetInlineStart = `${(100 * value) / highest}%`;
    line.append(dot);
  });
  return line;
}

function decide(data: Adjudication): HTMLElement[] {
  if (!data.open) return [];
  const choices = data.readings.map((reading) => {
    const radio = element("input", {
      type: "radio",
      name: "reading",
      value: reading.id,
      checked: draft.reading === reading.id,
    });
    radio.addEventListener("change", () => {
      draft.reading = reading.id;
    });
    return element(
      "label",
      { class: "project-radio" },
      radio,
      ` ${reading.label}: ${reading.reader}`,
      reading.third ? ` (${w.third})` : "",
    );
  });
  const reason = element("textarea", { rows: 3, maxlength: 500 });
  reason.value = draft.reason;
  reason.addEventListener("input", () => {
    draft.reason = reason.value;
  });
  const meanwhile = element("div", { role: "alert" });
  const send = async (seen: number) => {
    try {
      const answer = await postJson<Adjudication>(`${address}decisions/`, { ...draft, seen });
      draft.reading = 0;
      draft.reason = "";
      show(answer);
      announce(w.holds);
    } catch (error) {
      if (!(error instanceof RequestFailed) || error.code !== "decided") throw error;
      meanwhile.replaceChildren(...overtaken(data, error.detail as Decision, send));
    }
  };
  const third =
    data.third === null
      ? actionButton(w.makeThird, async () => {
          const made = await postJson<{ assignment: number }>(`${address}third/`, {});
          location.assign(`/projects/cases/${made.assignment}/`);
        })
      : element("a", { class: "button", href: `/projects/cases/${data.third}/` }, w.goThird);
  return [
    element(
      "section",
      { class: "panel project-panel" },
      element("fieldset", {}, element("legend", {}, w.choose), ...choices),
      labelled(w.reason, reason),
      element(
        "p",
        { class: "project-actions" },
        actionButton(w.decide, () => send(data.decisions.length), {
          kind: "button-primary",
          testId: "decide",
        }),
        third,
      ),
      meanwhile,
    ),
  ];
}

/** Somebody was faster: both choices are on the table, and nothing that was written is gone. */
function overtaken(
  data: Adjudication,
  theirs: Decision,
  send: (seen: number) => Promise<void>,
): HTMLElement[] {
  const keep = async () => {
    draft.reading = 0;
    draft.reason = "";
    show(await getJson<Adjudication>(address));
  };
  return [
    element(
      "div",
      { class: "notice notice-warn", "data-testid": "meanwhile" },
      element("p", {}, w.meanwhile(theirs.by)),
      element("p", {}, `${label(data, theirs.reading)}: “${theirs.reason}”`),
      element(
        "p",
        { class: "project-actions" },
        actionButton(w.keep, keep),
        actionButton(w.again, () => send(theirs.number)),
      ),
    ),
  ];
}

function decisions(data: Adjudication): HTMLElement {
  return element(
    "section",
    { class: "panel project-panel" },
    element("h2", {}, w.decisions),
    data.decisions.length === 0 ? element("p", { class: "muted" }, w.nobody) : null,
    element(
      "ol",
      { class: "project-thread", "data-testid": "decisions" },
      ...data.decisions.map((one, place) =>
        element(
          "li",
          {},
          element("strong", {}, label(data, one.reading)),
          element(
            "span",
            { class: place === 0 ? "chip chip-ok" : "chip" },
            place === 0 ? w.holds : w.replaced,
          ),
          element("span", { class: "muted" }, `${one.by}, ${formatDateTime(one.at)}`),
          element("p", {}, one.reason),
        ),
      ),
    ),
  );
}

function label(data: Adjudication, reading: number): string {
  const found = data.readings.find((one) => one.id === reading);
  return found ? `${found.label}: ${found.reader}` : String(reading);
}

function name(quantity: string, segment: number): string {
  return `${w.names[quantity] ?? quantity}, ${w.segment(segment)}`;
}

function span(low: number | null, high: number | null): string {
  return `${low?.toFixed(2) ?? "-"} / ${high?.toFixed(2) ?? "-"}`;
}

getJson<Adjudication>(address).then(show, (error: unknown) => {
  root.replaceChildren(element("p", { class: "notice notice-danger" }, said(error)));
});
