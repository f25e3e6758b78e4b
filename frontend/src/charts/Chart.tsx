import type { Trace } from "plotly.js/lib/core";
import { useEffect, useRef } from "react";
import Plotly, { baseLayout, CONFIG } from "./plotly.ts";

const NOTHING = {};

/** A Plotly chart that fills its box and follows its size. */
export function Chart({
  traces,
  xTitle,
  yTitle,
  label,
  shapes = [],
  layout = NOTHING,
}: {
  traces: Trace[];
  xTitle: string;
  yTitle: string;
  label: string;
  shapes?: object[];
  /** Laid over the common layout. */
  layout?: object;
}) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const node = box.current;
    if (node)
      void Plotly.react(node, traces, { ...baseLayout(xTitle, yTitle), shapes, ...layout }, CONFIG);
  }, [traces, xTitle, yTitle, shapes, layout]);
  useEffect(() => {
    const node = box.current;
    if (!node) return;
    const sizes = new ResizeObserver(() => {
      if (node.querySelector(".main-svg")) Plotly.Plots.resize(node);
    });
    sizes.observe(node);
    return () => {
      sizes.disconnect();
      Plotly.purge(node);
    };
  }, []);
  return <div ref={box} className="chart" role="img" aria-label={label} />;
}
