import type { Trace } from "plotly.js/lib/core";
import { useEffect, useRef } from "react";
import Plotly, { baseLayout, CONFIG } from "./plotly.ts";

/** A Plotly chart that fills its box and follows its size. */
export function Chart({
  traces,
  xTitle,
  yTitle,
  label,
  shapes = [],
}: {
  traces: Trace[];
  xTitle: string;
  yTitle: string;
  label: string;
  shapes?: object[];
}) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const node = box.current;
    if (node) void Plotly.react(node, traces, { ...baseLayout(xTitle, yTitle), shapes }, CONFIG);
  }, [traces, xTitle, yTitle, shapes]);
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
