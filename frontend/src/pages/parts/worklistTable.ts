/** Rows of the worklist; the whole row opens its study, the name is the link for the keyboard. */

import type { WorklistRow } from "../../api/studyTypes.ts";
import { formatDate, formatDateTime } from "../../shared/dates.ts";
import { element, progressBar } from "../../shared/dom.ts";
import { t } from "../../shared/strings.ts";
import { assignment, type Reader } from "./assignment.ts";

const COLUMNS = [
  "patient_name",
  "patient_id",
  "study_date",
  "description",
  "conditions",
  "site",
  "state",
  "flags",
  "reader",
  "received",
] as const;
type Column = (typeof COLUMNS)[number];

/** Names and IDs are kept encrypted: the server can search but not sort them. */
const SORTABLE: Partial<Record<Column, string>> = {
  received: "received",
  study_date: "study_date",
  description: "description",
  site: "site",
  state: "state",
};

export function worklistTable(
  rows: readonly WorklistRow[],
  ordering: string,
  sortBy: (column: string) => void,
  readers: readonly Reader[],
): HTMLElement {
  return element(
    "div",
    { class: "table-wrap panel" },
    element(
      "table",
      { class: "table", "data-testid": "worklist-table" },
      element("caption", { class: "visually-hidden" }, t.worklist.title),
      element(
        "thead",
        {},
        element("tr", {}, ...COLUMNS.map((column) => heading(column, ordering, sortBy))),
      ),
      element("tbody", {}, ...rows.map((row) => line(row, readers))),
    ),
  );
}

function heading(column: Column, ordering: string, sortBy: (column: string) => void): HTMLElement {
  const key = SORTABLE[column];
  const words = t.worklist.columns[column];
  if (!key) return element("th", { scope: "col" }, words);
  const direction =
    ordering === key ? "ascending" : ordering === `-${key}` ? "descending" : undefined;
  const arrow = direction === "ascending" ? " ▲" : direction === "descending" ? " ▼" : "";
  const button = element("button", { type: "button", title: t.worklist.sortable }, words, arrow);
  button.addEventListener("click", () => sortBy(key));
  return element("th", { scope: "col", "aria-sort": direction, class: `column-${column}` }, button);
}

function line(row: WorklistRow, readers: readonly Reader[]): HTMLElement {
  const address = `/studies/${row.id}/`;
  const made = element(
    "tr",
    { "data-study": row.id, "data-state": row.state },
    element("td", {}, element("a", { href: address }, row.patient_name || row.patient_id)),
    element("td", {}, row.patient_id),
    element("td", {}, formatDate(row.study_date)),
    element("td", { class: "wide" }, row.description),
    element("td", {}, acquired(row)),
    element("td", {}, row.site),
    element("td", {}, state(row)),
    element(
      "td",
      {},
      row.flag_count > 0
        ? element("span", { class: "flag-count" }, `▲ ${t.worklist.flagCount(row.flag_count)}`)
        : "",
    ),
    element("td", {}, assignment(row, readers)),
    element("td", { class: "column-received" }, formatDateTime(row.received_at)),
  );
  made.addEventListener("click", (event) => {
    if (
      !(event.target as HTMLElement).closest("a, select, button") &&
      !getSelection()?.toString()
    ) {
      location.assign(address);
    }
  });
  return made;
}

function acquired(row: WorklistRow): string {
  return [
    row.conditions.map((condition) => t.conditions[condition].toLowerCase()).join(" + "),
    row.sequence_class,
    row.field_strength_t === null ? "" : `${row.field_strength_t} T`,
  ]
    .filter(Boolean)
    .join(" · ");
}

function state(row: WorklistRow): HTMLElement {
  return element(
    "div",
    { class: `state state-${row.state}` },
    element("span", {}, [row.state_words, row.stage].filter(Boolean).join(" · ")),
    row.progress === null ? null : progressBar(row.progress, row.state_words),
    row.failure_message ? element("small", {}, row.failure_message) : null,
  );
}
