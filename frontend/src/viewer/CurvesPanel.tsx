import { useMemo } from "react";
import { useStore } from "zustand";
import type { AcquisitionView, ViewerState } from "../api/types.ts";
import { Chart } from "../charts/Chart.tsx";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { hot } from "../store/hot.ts";

const COLOURS = { stress: "#ff8a5c", rest: "#6fa8ff", unknown: "#b8c0ca" } as const;

/** Gadolinium in one segment with the model's curve, stress and rest, over the scaled AIF. */
export default function CurvesPanel({ data }: { data: ViewerState }) {
  const chosen = useStore(display, (s) => s.segment);
  const lit = useStore(hot, (s) => s.segment);
  const segment = lit ?? chosen ?? firstToLookAt(data);
  const { acquisitions } = data;
  const traces = useMemo(
    () => (segment === null ? [] : acquisitions.flatMap((a, i) => tracesOf(a, segment, i === 0))),
    [acquisitions, segment],
  );
  if (segment === null) return <p className="muted">{t.curves.none}</p>;
  const name = data.table.find((row) => row.segment === segment)?.name ?? "";
  const title = t.curves.title(segment, name);
  const unit = acquisitions.find((a) => a.aif)?.aif?.unit ?? t.units.gd;
  return (
    <section className="curves" data-testid="curves" data-shown={segment}>
      <h3 className="panel-title">
        {title} · {unit}
      </h3>
      {traces.length === 0 ? (
        <p className="muted">{t.curves.noCurve}</p>
      ) : (
        <Chart traces={traces} xTitle={t.curves.time} yTitle={unit} label={title} />
      )}
    </section>
  );
}

function firstToLookAt(data: ViewerState): number | null {
  const slices = data.acquisitions.flatMap((a) => a.slices);
  return (
    slices.find((s) => s.segment_to_check !== null)?.segment_to_check ??
    slices[0]?.curves[0]?.segment ??
    null
  );
}

function tracesOf(acquisition: AcquisitionView, segment: number, first: boolean) {
  const slice = acquisition.slices.find((s) => s.curves.some((c) => c.segment === segment));
  const curve = slice?.curves.find((c) => c.segment === segment);
  if (!slice || !curve) return [];
  const colour = COLOURS[acquisition.condition];
  const name = t.conditions[acquisition.condition];
  const top = Math.max(0.05, ...curve.gd.map((v) => v ?? 0));
  const peak = acquisition.aif?.peak ?? null;
  const scale = peak ? top / peak : 1;
  return [
    {
      type: "scatter",
      mode: "lines+markers",
      name: t.curves.measured(name),
      x: slice.time_s,
      y: curve.gd,
      line: { color: colour, width: 1 },
      marker: { size: 3, color: colour },
      opacity: 0.7,
      connectgaps: false,
    },
    {
      type: "scatter",
      mode: "lines",
      name: t.curves.fit(name),
      x: slice.time_s,
      y: curve.fit,
      line: { color: colour, width: 3 },
      connectgaps: true,
    },
    ...(acquisition.aif && peak
      ? [
          {
            type: "scatter",
            mode: "lines",
            name: t.curves.aif,
            showlegend: first,
            x: acquisition.aif.time_s,
            y: acquisition.aif.gd.map((v) => (v === null ? null : v * scale)),
            line: { color: colour, width: 1, dash: "dot" },
            hoverinfo: "skip",
          },
        ]
      : []),
  ];
}
