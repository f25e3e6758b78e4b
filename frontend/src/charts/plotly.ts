/** Plotly with only the traces that the pages draw; loaded when a chart is first shown. */

import "./noInlineStyles.ts";

import barpolar from "plotly.js/lib/barpolar";
import Plotly from "plotly.js/lib/core";
import heatmap from "plotly.js/lib/heatmap";
import scatterpolar from "plotly.js/lib/scatterpolar";

Plotly.register([barpolar, scatterpolar, heatmap]);

/** Plotly draws on its own and knows no CSS variables: the page's colours are read once. */
const token = (name: string, otherwise: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim() || otherwise;
export const INK = token("--ink", "#c4cdd8");
export const GRID_LINE = token("--line", "#26303b");

export function baseLayout(xTitle: string, yTitle: string): Record<string, unknown> {
  const axis = (title: string) => ({
    title: { text: title, standoff: 4 },
    gridcolor: GRID_LINE,
    zerolinecolor: GRID_LINE,
    automargin: true,
  });
  return {
    autosize: true,
    margin: { l: 40, r: 8, t: 32, b: 34 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: INK, size: 11, family: "system-ui, sans-serif" },
    showlegend: true,
    legend: {
      orientation: "h",
      x: 0,
      y: 1.02,
      yanchor: "bottom",
      font: { size: 10 },
      bgcolor: "rgba(0,0,0,0)",
    },
    hovermode: "x unified",
    hoverlabel: { bgcolor: "#11161d", bordercolor: GRID_LINE, font: { color: INK } },
    xaxis: axis(xTitle),
    yaxis: axis(yTitle),
  };
}

/** A small second axis below the first, for what is left between measured and fitted curves. */
export const WITH_RESIDUAL = {
  // The time axis lies below both.
  xaxis: { gridcolor: GRID_LINE, zerolinecolor: GRID_LINE, anchor: "y2", ticksuffix: " s" },
  yaxis: {
    gridcolor: GRID_LINE,
    zerolinecolor: GRID_LINE,
    automargin: true,
    domain: [0.3, 1],
    nticks: 6,
  },
  yaxis2: {
    gridcolor: GRID_LINE,
    zerolinecolor: INK,
    automargin: true,
    domain: [0, 0.22],
    nticks: 3,
  },
};

/** The same where no model was fitted: relative indices have no residual. */
export const WITHOUT_RESIDUAL = {
  xaxis: { gridcolor: GRID_LINE, zerolinecolor: GRID_LINE, ticksuffix: " s" },
  yaxis: { ...WITH_RESIDUAL.yaxis, domain: [0, 1] },
};

export const CONFIG = { displayModeBar: false, responsive: false, displaylogo: false };

export default Plotly;
