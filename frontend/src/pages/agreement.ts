/** Agreement of automated and final values: filters, figures in words, Bland-Altman plot. */

import { getJson, RequestFailed } from "../api/client.ts";
import Plotly, { baseLayout, CONFIG } from "../charts/plotly.ts";
import { announce, debounced, element, required } from "../shared/dom.ts";
import { t } from "../shared/strings.ts";
import { agreementFilters } from "./parts/agreementFilters.ts";
import type { Agreement, Point } from "./parts/agreementTypes.ts";
import "../styles/site.css";
import "../styles/agreement.css";

const ACCENT = "#5aa9ff";
const EDITED = "#ffb24a";
const LINE = "#8fa3b8";

const root = required<HTMLElement>("#agreement");
const address = new URLSearchParams(location.search);
let newest = 0;

const filters = agreementFilters(address, debounced(load, 250));
const csv = element("a", { class: "button" }, t.agreement.csv);
const status = element("p", { class: "muted", role: "status" });
const caution = element("p", { class: "notice" });
const figures = element("dl", { class: "figures" });
const plot = element("div", {
  class: "agreement-plot",
  role: "img",
  "aria-label": t.agreement.plot,
});
const reasons = element("div");
root.append(
  element("div", { class: "worklist-head" }, element("h1", {}, t.agreement.title), csv),
  element("p", { class: "muted" }, t.agreement.intro),
  filters.form,
  status,
  caution,
  figures,
  element("p", { class: "muted" }, t.agreement.plot),
  plot,
  reasons,
);

/** Answers may overtake each other: only the newest question's answer is shown. */
async function load(): Promise<void> {
  const asked = ++newest;
  const query = filters.query();
  history.replaceState(null, "", query ? `?${query}` : location.pathname);
  csv.setAttribute("href", `/api/agreement.csv?${query}`);
  status.textContent = t.agreement.loading;
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
  status.textContent = data.missing_reason ? `${t.agreement.tooFew}: ${data.missing_reason}` : "";
  caution.textContent = data.pairs ? data.caution : t.agreement.empty;
  figures.replaceChildren(...figureList(data));
  draw(data);
  reasons.replaceChildren(...reasonTable(data));
  announce(data.missing_reason ?? `${data.pairs} pairs`);
}

function figureList(data: Agreement): HTMLElement[] {
  const patients = data.bland_altman?.patients ?? "-";
  const items = [
    figure(t.agreement.figures.pairs, `${data.pairs} / ${patients} / ${data.studies}`),
    figure(
      t.agreement.figures.edited,
      data.edited_share === null ? "-" : `${(100 * data.edited_share).toFixed(1)} %`,
    ),
  ];
  const { bland_altman: found, test, icc, cv } = data;
  if (!found || !test || !icc || cv === null) return items;
  const limits = `${number(found.lower_limit.value)} to ${number(found.upper_limit.value)} ${t.agreement.unit}`;
  return [
    figure(
      t.agreement.figures.bias,
      `${number(found.bias.value)} ${t.agreement.unit}`,
      t.agreement.interval(number(found.bias.low), number(found.bias.high)),
    ),
    figure(
      t.agreement.figures.limits,
      limits,
      t.agreement.interval(number(found.lower_limit.low), number(found.upper_limit.high)),
    ),
    figure(
      t.agreement.figures.difference,
      t.agreement.p(test.p_difference),
      `${number(test.mean_difference)} ${t.agreement.unit}`,
    ),
    figure(
      t.agreement.figures.equivalence,
      t.agreement.p(test.p_equivalence),
      test.equivalent ? t.agreement.equivalent(test.margin) : t.agreement.notShown(test.margin),
    ),
    figure(
      t.agreement.figures.icc,
      icc.value.toFixed(3),
      t.agreement.interval(icc.low.toFixed(3), icc.high.toFixed(3)),
    ),
    figure(t.agreement.figures.cv, `${(100 * cv).toFixed(1)} %`),
    ...items,
  ];
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
    text: points.map((point) => `segment ${point.segment}`),
    hovertemplate: "%{text}<br>%{x:.2f}, %{y:.2f}<extra></extra>",
    marker: {
      color,
      size: 6,
      opacity: 0.7,
      symbol: name === t.agreement.filters.all ? "circle" : "diamond",
    },
  });
  const kept = data.points.filter((point) => point.source === "automated");
  const changed = data.points.filter((point) => point.source !== "automated");
  const layout = {
    ...baseLayout(t.agreement.mean, t.agreement.differenceAxis),
    hovermode: "closest",
    shapes: lines(data),
  };
  void Plotly.react(
    plot,
    [of(kept, t.agreement.filters.all, ACCENT), of(changed, t.agreement.filters.edited, EDITED)],
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

function reasonTable(data: Agreement): HTMLElement[] {
  if (data.reasons.length === 0) return [];
  const rows = data.reasons.map(({ reason, count }) =>
    element("tr", {}, element("td", {}, reason), element("td", { class: "number" }, String(count))),
  );
  return [
    element("h2", {}, t.agreement.reasons),
    element(
      "table",
      { class: "table" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", {}, t.agreement.reason),
          element("th", {}, t.agreement.count),
        ),
      ),
      element("tbody", {}, ...rows),
    ),
  ];
}

function number(value: number): string {
  return value.toFixed(3);
}

// Plotly gives its plots an event emitter once they are drawn first.
await load();
(plot as unknown as { on(name: string, act: (event: PlotClick) => void): void }).on?.(
  "plotly_click",
  (event) => {
    const study = event.points[0]?.customdata;
    if (study) location.assign(`/studies/${study}/`);
  },
);

interface PlotClick {
  points: { customdata: number }[];
}
