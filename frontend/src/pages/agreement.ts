/** Agreement of automated and final values: filters, figures in words, Bland-Altman plot. */

import { getJson, RequestFailed } from "../api/client.ts";
import Plotly, { baseLayout, CONFIG } from "../charts/plotly.ts";
import { announce, debounced, element, required } from "../shared/dom.ts";
import { t } from "../shared/strings.ts";
import { drawDrift, opensStudies } from "./parts/agreementDrift.ts";
import { agreementFilters } from "./parts/agreementFilters.ts";
import type { Agreement, Point } from "./parts/agreementTypes.ts";
import "../styles/site.css";
import "../styles/agreement.css";

const words = t.agreement;

const ACCENT = "#5aa9ff";
const EDITED = "#ffb24a";
const LINE = "#8fa3b8";

const root = required<HTMLElement>("#agreement");
const address = new URLSearchParams(location.search);
let newest = 0;

const filters = agreementFilters(address, debounced(load, 250));
const csv = element("a", { class: "button" }, words.csv);
const status = element("p", { class: "muted", role: "status" });
const caution = element("p", { class: "notice" });
const figures = element("dl", { class: "figures" });
const plotWords = element("p", { class: "muted" }, words.plot);
const plot = element("div", {
  class: "agreement-plot",
  role: "img",
  "aria-label": words.plot,
});
const beside = element("div", { class: "agreement-beside" });
const drift = element("div", { class: "agreement-plot agreement-drift", role: "img" });
const driftPart = element(
  "section",
  {},
  element("h2", {}, words.drift),
  element("p", { class: "muted" }, words.driftHint),
  drift,
);
root.append(
  element("div", { class: "worklist-head" }, element("h1", {}, words.title), csv),
  element("p", { class: "muted" }, words.intro),
  filters.form,
  status,
  caution,
  figures,
  plotWords,
  plot,
  driftPart,
  beside,
);

/** Answers may overtake each other: only the newest question's answer is shown. */
async function load(): Promise<void> {
  const asked = ++newest;
  const query = filters.query();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  csv.setAttribute("href", `/api/agreement.csv?${query}`);
  status.textContent = words.loading;
  try {
    const answer = await getJson<Agreement>(`/api/agreement/?${query}`);
    if (asked === newest) show(answer);
  } catch (error) {
    if (asked !== newest) return;
    status.textContent = error instanceof RequestFailed ? error.message : String(error);
  }
}

function show(data: Agreement): void {
  filters.offer(data.choices);
  status.textContent = data.missing_reason ? `${words.tooFew}: ${data.missing_reason}` : "";
  caution.textContent = data.pairs ? data.caution : words.empty[comparison()];
  for (const part of [figures, plotWords, plot]) part.hidden = data.pairs === 0;
  if (data.pairs) {
    figures.replaceChildren(...figureList(data));
    draw(data);
  }
  driftPart.hidden = data.drift.length === 0;
  if (data.drift.length) drawDrift(drift, data.drift, data);
  beside.replaceChildren(...contourTable(data), ...reasonTable(data));
  announce(data.missing_reason ?? `${data.pairs} pairs`);
}

function comparison(): keyof typeof words.empty {
  const chosen = filters.form.querySelector<HTMLSelectElement>('[name="comparison"]')?.value;
  return (chosen ?? "final") as keyof typeof words.empty;
}

function figureList(data: Agreement): HTMLElement[] {
  const patients = data.bland_altman?.patients ?? "-";
  const items = [
    figure(words.figures.pairs, `${data.pairs} / ${patients} / ${data.studies}`),
    ...editedFigure(data),
  ];
  const { bland_altman: found, test, icc, cv, unit } = data;
  if (!found || !test || !icc || cv === null) return items;
  const limits = `${number(found.lower_limit.value)} to ${number(found.upper_limit.value)} ${unit}`;
  return [
    figure(
      words.figures.bias,
      `${number(found.bias.value)} ${unit}`,
      words.interval(number(found.bias.low), number(found.bias.high)),
    ),
    figure(
      words.figures.limits,
      limits,
      words.interval(number(found.lower_limit.low), number(found.upper_limit.high)),
    ),
    figure(
      words.figures.difference,
      words.p(test.p_difference),
      `${number(test.mean_difference)} ${unit}`,
    ),
    figure(
      words.figures.equivalence,
      words.p(test.p_equivalence),
      test.equivalent ? words.equivalent(test.margin, unit) : words.notShown(test.margin, unit),
    ),
    figure(
      words.figures.icc,
      icc.value.toFixed(3),
      words.interval(icc.low.toFixed(3), icc.high.toFixed(3)),
    ),
    figure(words.figures.cv, `${(100 * cv).toFixed(1)} %`),
    ...items,
  ];
}

function editedFigure(data: Agreement): HTMLElement[] {
  const shares = Object.entries(data.edited_share);
  if (shares.length === 0) return [];
  const detail = shares
    .filter(([source]) => source !== "automated")
    .map(([source, share]) => `${words.sources[source as Point["source"]]} ${percent(share)}`)
    .join(", ");
  return [figure(words.figures.edited, percent(1 - (data.edited_share.automated ?? 0)), detail)];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function figure(name: string, value: string, detail = ""): HTMLElement {
  return element(
    "div",
    { class: "panel" },
    element("dt", {}, name),
    element("dd", {}, value),
    detail ? element("dd", { class: "muted" }, detail) : null,
  );
}

function draw(data: Agreement): void {
  const of = (points: Point[], name: string, color: string) => ({
    type: "scatter",
    mode: "markers",
    name,
    x: points.map((point) => point.mean),
    y: points.map((point) => point.difference),
    customdata: points.map((point) => point.study),
    text: points.map((point) =>
      point.segment ? `segment ${point.segment}` : words.filters.global,
    ),
    hovertemplate: "%{text}<br>%{x:.2f}, %{y:.2f}<extra></extra>",
    marker: {
      color,
      size: 6,
      opacity: 0.7,
      symbol: name === words.filters.all ? "circle" : "diamond",
    },
  });
  const kept = data.points.filter((point) => point.source === "automated");
  const changed = data.points.filter((point) => point.source !== "automated");
  const layout = {
    ...baseLayout(words.mean(data.unit), words.differenceAxis(...data.labels, data.unit)),
    hovermode: "closest",
    shapes: lines(data),
  };
  void Plotly.react(
    plot,
    [of(kept, words.filters.all, ACCENT), of(changed, words.filters.edited, EDITED)],
    layout,
    { ...CONFIG, responsive: true },
  );
}

function lines(data: Agreement): object[] {
  if (!data.bland_altman) return [];
  const { bias, lower_limit, upper_limit } = data.bland_altman;
  return [bias, lower_limit, upper_limit].flatMap((line, index) => [
    {
      type: "rect",
      xref: "paper",
      x0: 0,
      x1: 1,
      y0: line.low,
      y1: line.high,
      fillcolor: LINE,
      opacity: 0.12,
      line: { width: 0 },
    },
    {
      type: "line",
      xref: "paper",
      x0: 0,
      x1: 1,
      y0: line.value,
      y1: line.value,
      line: { color: LINE, width: 1.5, dash: index ? "dash" : "solid" },
    },
  ]);
}

function contourTable({ contours }: Agreement): HTMLElement[] {
  if (!contours?.slices) return [];
  const heads = words.contourColumns.map((c) => element("th", { scope: "col" }, c));
  const rows = Object.entries(contours.figures).map(([name, { mean, sd, slices }]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, words.contourNames[name] ?? name),
      element("td", { class: "number" }, mean.toFixed(2)),
      element("td", { class: "number" }, sd?.toFixed(2) ?? "-"),
      element("td", { class: "number" }, String(slices)),
    ),
  );
  return [
    element(
      "section",
      {},
      element("h2", {}, words.contours(contours.slices, contours.readings)),
      element(
        "table",
        { class: "table" },
        element("thead", {}, element("tr", {}, ...heads)),
        element("tbody", {}, ...rows),
      ),
    ),
  ];
}

function reasonTable(data: Agreement): HTMLElement[] {
  if (data.reasons.length === 0) return [];
  const rows = data.reasons.map(({ reason, count }) =>
    element("tr", {}, element("td", {}, reason), element("td", { class: "number" }, String(count))),
  );
  const heads = [words.reason, words.count].map((c) => element("th", { scope: "col" }, c));
  return [
    element(
      "section",
      {},
      element("h2", {}, words.reasons),
      element(
        "table",
        { class: "table" },
        element("thead", {}, element("tr", {}, ...heads)),
        element("tbody", {}, ...rows),
      ),
    ),
  ];
}

function number(value: number): string {
  return value.toFixed(3);
}

// Plotly gives its plots an event emitter once they are drawn first.
await load();
opensStudies(plot);
