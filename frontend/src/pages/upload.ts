/** The upload page: drop or choose files, folders, zips; progress; what was not used and why. */

import { RequestFailed } from "../api/client.ts";
import { announce, element, progressBar, required } from "../shared/dom.ts";
import { t } from "../shared/strings.ts";
import { deliver, type Outcome } from "./parts/uploadDelivery.ts";
import { fromDrop, fromInput, type Picked } from "./parts/uploadFiles.ts";
import "../styles/site.css";

const MOST_ROWS = 500;

const form = required<HTMLFormElement>("#upload");
const zone = required<HTMLElement>("#drop-zone");
const status = required<HTMLElement>("#upload-status");
let running: AbortController | null = null;

for (const input of form.querySelectorAll<HTMLInputElement>('input[type="file"]')) {
  input.addEventListener("change", () => take(input));
  // Chosen while this script was still loading: the change has gone by unheard.
  if (input.files?.length) take(input);
}

// Without this the browser would open a file that misses the zone and leave the page.
for (const name of ["dragover", "drop"] as const) {
  document.addEventListener(name, (event) => event.preventDefault());
}
zone.addEventListener("dragover", () => zone.setAttribute("data-over", ""));
zone.addEventListener("dragleave", () => zone.removeAttribute("data-over"));
zone.addEventListener("drop", (event) => {
  zone.removeAttribute("data-over");
  if (!event.dataTransfer || running) return;
  const line = element("p", { role: "status" }, t.upload.reading(0));
  status.replaceChildren(line);
  void fromDrop(event.dataTransfer, (count) => {
    line.textContent = t.upload.reading(count);
  }).then(start);
});

window.addEventListener("beforeunload", (event) => {
  if (running) event.preventDefault();
});

function take(input: HTMLInputElement): void {
  const picked = fromInput(input);
  input.value = "";
  void start(picked);
}

async function start(picked: Picked[]): Promise<void> {
  if (running) return;
  if (picked.length === 0) {
    status.replaceChildren(element("p", { role: "status" }, t.upload.nothing));
    return;
  }
  running = new AbortController();
  setBusy(true);
  const shown = progressView(picked.length, running);
  const all: Outcome[] = [];
  let ending = "";
  try {
    const site = new FormData(form).get("site");
    await deliver(picked, String(site ?? ""), running.signal, {
      sent: (files, share) => shown.update(t.upload.sending(files, picked.length), share),
      unpacking: (name, checked) => shown.update(t.upload.unpacking(name, checked), null),
      finishing: () => shown.update(t.upload.finishing, null),
      outcomes: (outcomes) => all.push(...outcomes),
    });
  } catch (cause) {
    if (running.signal.aborted) ending = t.upload.cancelled;
    else ending = t.upload.failed(cause instanceof RequestFailed ? cause.message : String(cause));
  } finally {
    running = null;
    setBusy(false);
  }
  showResult(all, ending);
}

function setBusy(busy: boolean): void {
  zone.toggleAttribute("inert", busy);
  form.setAttribute("aria-busy", String(busy));
}

function progressView(total: number, controller: AbortController) {
  const line = element("p", {}, t.upload.sending(0, total));
  const bar = element("div", {}, progressBar(0, t.upload.progress));
  const cancel = element("button", { type: "button", class: "button" }, t.upload.cancel);
  cancel.addEventListener("click", () => controller.abort());
  status.replaceChildren(
    element(
      "div",
      { class: "panel upload-progress", "data-testid": "progress" },
      line,
      bar,
      cancel,
    ),
  );
  cancel.focus();
  return {
    update(text: string, share: number | null): void {
      line.textContent = text;
      bar.replaceChildren(progressBar(share, t.upload.progress));
    },
  };
}

function showResult(all: readonly Outcome[], ending: string): void {
  const by = (kind: Outcome["status"]) => all.filter((one) => one.status === kind);
  const kinds = ["accepted", "duplicate", "set_aside", "refused"] as const;
  const counted = kinds.map((kind) => [kind, by(kind).length] as const);
  const sentences = counted.filter(([, n]) => n > 0).map(([kind, n]) => t.upload[kind](n));
  const studies = [...new Set(all.map((one) => one.study_id))].filter((id) => id !== null);
  const heading = element("h2", { tabindex: -1 }, t.upload.result);
  status.replaceChildren(
    heading,
    ending ? element("p", { class: "notice notice-warn", role: "alert" }, ending) : "",
    element(
      "ul",
      { "data-testid": "upload-result" },
      ...sentences.map((s) => element("li", {}, s)),
    ),
    element(
      "p",
      { class: "upload-choices" },
      ...studies
        .slice(0, 10)
        .map((id) =>
          element("a", { class: "button", href: `/studies/${id}/` }, t.upload.study(id)),
        ),
      element("a", { class: "button button-primary", href: "/" }, t.upload.worklist),
    ),
    problemTable([...by("set_aside"), ...by("refused")]) ?? "",
  );
  heading.focus();
  announce([ending, ...sentences].filter(Boolean).join(". "));
}

function problemTable(problems: readonly Outcome[]): HTMLElement | null {
  if (problems.length === 0) return null;
  const rows = problems
    .slice(0, MOST_ROWS)
    .map((one) => element("tr", {}, element("td", {}, one.name), element("td", {}, one.message)));
  const rest = problems.length - rows.length;
  return element(
    "div",
    { class: "table-wrap panel" },
    element(
      "table",
      { class: "table", "data-testid": "upload-problems" },
      element("caption", {}, t.upload.problems),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col" }, t.upload.file),
          element("th", { scope: "col" }, t.upload.reason),
        ),
      ),
      element("tbody", {}, ...rows),
    ),
    rest > 0 ? element("p", { class: "muted" }, t.upload.more(rest)) : "",
  );
}
