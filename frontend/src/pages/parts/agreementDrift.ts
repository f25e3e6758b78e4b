/** Control charts of the differences over time; every point opens its study. */

import Plotly, { baseLayout, CONFIG } from "../../charts/plotly.ts";
import { t } from "../../shared/strings.ts";
import type { Agreement, Chart } from "./agreementTypes.ts";

const words = t.agreement;
const COLOURS = ["#5aa9ff", "#45dd74", "#d28bff", "#ffd84d"];
const OUTSIDE = "#ff645c";

export function drawDrift(place: HTMLElement, charts: Chart[], data: Agreement): void {
  const wasEmpty = place.childElementCount === 0;
  const colour = (n: number) => COLOURS[n % COLOURS.length] ?? OUTSIDE;
  const layout = {
    ...baseLayout(words.signedAt, words.differenceAxis(...data.labels, data.unit)),
    hovermode: "closest",
    shapes: charts.flatMap((chart, n) => limits(chart, colour(n))),
  };
  const traces = charts.map((chart, n) => ({
    type: "scatter",
    mode: "lines+markers",
    name: chart.version,
    x: chart.points.map((point) => point.at),
    y: chart.points.map((point) => point.difference),
    customdata: chart.points.map((point) => point.study),
    line: { width: 1, color: colour(n) },
    marker: {
      size: chart.points.map((point) => (point.outside ? 10 : 6)),
      symbol: chart.points.map((point) => (point.outside ? "diamond" : "circle")),
      color: chart.points.map((point) => (point.outside ? OUTSIDE : colour(n))),
    },
  }));
  place.setAttribute("aria-label", `${words.drift}. ${charts.map(inWords).join(". ")}`);
  void Plotly.react(place, traces, layout, { ...CONFIG, responsive: true });
  if (wasEmpty) opensStudies(place);
}

function inWords(chart: Chart): string {
  const outside = chart.points.filter((point) => point.outside).length;
  return `${chart.version}: ${chart.points.length} readings, ${outside} outside`;
}

function limits(chart: Chart, color: string): object[] {
  const [first, last] = [chart.points[0], chart.points.at(-1)];
  if (chart.centre === null || !first || !last) return [];
  return [chart.centre, chart.lower, chart.upper].map((y, n) => ({
    type: "line",
    x0: first.at,
    x1: last.at,
    y0: y,
    y1: y,
    line: { color, width: 1.5, dash: n ? "dash" : "solid" },
  }));
}

interface PlotClick {
  points: { customdata: number }[];
}

/** A click on a point opens its study; the plot must have been drawn once. */
export function opensStudies(place: HTMLElement): void {
  (place as unknown as { on?(name: string, act: (event: PlotClick) => void): void }).on?.(
    "plotly_click",
    (event) => {
      const study = event.points[0]?.customdata;
      if (study) location.assign(`/studies/${study}/`);
    },
  );
}
