/** The worklist: search, filters, sorting, live progress, and keys to move and open. */

import { postJson } from "../api/client.ts";
import type { WorklistPage } from "../api/studyTypes.ts";
import { announce, debounced, element, required } from "../shared/dom.ts";
import { t } from "../shared/strings.ts";
import { assignableReaders, type Reader } from "./parts/assignment.ts";
import { type Filters, filtersForm } from "./parts/filters.ts";
import { savedFiltersBar } from "./parts/savedFilters.ts";
import { worklistTable } from "./parts/worklistTable.ts";
import "../styles/site.css";

const LIVE_MS = 4000;
const SEARCH_MS = 250;

const root = required<HTMLElement>("#worklist");
const mayUpload = "mayUpload" in root.dataset;
const address = new URLSearchParams(location.search);
let page: WorklistPage | null = null;
let newest = 0;

const filters = filtersForm(address, debounced(changed, SEARCH_MS), changed);
const saved = savedFiltersBar(
  () => ({ values: filters.values(), ordering: address.get("ordering") ?? "" }),
  ({ name: _, ordering, ...wanted }) => {
    if (ordering) address.set("ordering", ordering);
    else address.delete("ordering");
    filters.set(wanted);
  },
);
/** People whom studies can be given to; empty for who may give none. */
let readers: Reader[] = [];
if (root.dataset.mayAssign !== undefined) {
  void assignableReaders().then((found) => {
    readers = found;
    show();
  });
}
const count = element("span", { class: "muted", role: "status" });
const live = element("span", { class: "chip", "data-testid": "live" }, t.worklist.live);
const content = element("div");
const foot = element("div", { class: "worklist-foot" });
root.append(
  element(
    "div",
    { class: "worklist-head" },
    element("h1", {}, t.worklist.title),
    count,
    live,
    uploadLink(),
  ),
  filters.form,
  saved,
  content,
  foot,
);

function uploadLink(): HTMLElement | null {
  const link = { class: "button button-primary", href: "/upload/" };
  return mayUpload ? element("a", link, t.worklist.upload) : null;
}

function changed(): void {
  address.delete("page");
  for (const [name, value] of Object.entries(filters.values())) {
    // Names and IDs must not stand in an address: it ends up in histories and logs.
    if (value && name !== "q") address.set(name, value);
    else address.delete(name);
  }
  void load({ quietly: false });
}

function sortBy(column: string): void {
  address.set("ordering", address.get("ordering") === column ? `-${column}` : column);
  address.delete("page");
  void load({ quietly: false });
}

function turnTo(number: number): void {
  address.set("page", String(number));
  void load({ quietly: false });
}

/** Answers may overtake each other: only the newest question's answer is shown. */
async function load({ quietly }: { quietly: boolean }): Promise<void> {
  const asked = ++newest;
  const query = address.toString();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  try {
    const answer = await postJson<WorklistPage>("/api/studies/", {
      ...Object.fromEntries(address),
      q: filters.values().q,
    });
    if (asked !== newest) return;
    page = answer;
    live.className = "chip chip-ok";
    live.textContent = t.worklist.live;
    show();
    if (!quietly) announce(t.worklist.count(answer.count));
  } catch {
    if (asked !== newest) return;
    live.className = "chip chip-danger";
    live.textContent = t.worklist.failed;
  }
}

function show(): void {
  if (!page) return;
  filters.offer(page.results);
  count.textContent = t.worklist.count(page.count);
  if (page.results.length === 0) {
    content.replaceChildren(emptyState(filters.values()));
    foot.replaceChildren();
    return;
  }
  const focused = document.activeElement?.closest<HTMLElement>("tr[data-study]")?.dataset.study;
  // A list that somebody has open in a row must not be taken away under the pointer.
  if (document.activeElement?.matches(".assign-select")) return;
  content.replaceChildren(
    worklistTable(page.results, address.get("ordering") ?? "", sortBy, readers),
  );
  if (focused) focusRow(content.querySelector(`tr[data-study="${focused}"]`));
  foot.replaceChildren(...pager(page), element("span", { class: "muted" }, t.worklist.keys));
}

function pager({ page: number, pages }: WorklistPage): Node[] {
  if (pages <= 1) return [];
  const button = (label: string, to: number) => {
    const made = element(
      "button",
      { type: "button", class: "button", disabled: to < 1 || to > pages },
      label,
    );
    made.addEventListener("click", () => turnTo(to));
    return made;
  };
  return [
    button(t.worklist.previous, number - 1),
    element("span", {}, t.worklist.page(number, pages)),
    button(t.worklist.next, number + 1),
  ];
}

function emptyState(values: Filters): HTMLElement {
  const filtered = Object.values(values).some(Boolean);
  const clear = element("button", { type: "button", class: "button" }, t.worklist.clear);
  clear.addEventListener("click", () => filters.clear());
  return element(
    "div",
    { class: "empty panel", "data-testid": "empty" },
    element("h2", {}, filtered ? t.worklist.noMatch : t.worklist.empty),
    filtered || !mayUpload ? null : element("p", { class: "muted" }, t.worklist.emptyHint),
    filtered ? clear : uploadLink(),
  );
}

function focusRow(row: Element | null | undefined): void {
  row?.querySelector<HTMLElement>("a")?.focus();
}

document.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !target.closest("input, select, textarea")) {
    event.preventDefault();
    filters.search.focus();
    return;
  }
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!by || target.closest("select, input:not([type=search])")) return;
  const rows = [...content.querySelectorAll("tr[data-study]")];
  const now = rows.findIndex((row) => row.contains(target));
  const next = rows[now < 0 ? (by > 0 ? 0 : rows.length - 1) : now + by];
  if (!next) return;
  event.preventDefault();
  focusRow(next);
});

void load({ quietly: true });
setInterval(() => {
  if (document.visibilityState === "visible") void load({ quietly: true });
}, LIVE_MS);
