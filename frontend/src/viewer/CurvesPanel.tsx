import { useMemo } from "react";
import { useStore } from "zustand";
import type { AcquisitionView } from "../api/analysisTypes.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { Chart } from "../charts/Chart.tsx";
import { WITH_RESIDUAL, WITHOUT_RESIDUAL } from "../charts/plotly.ts";
import {
  aifTrace,
  COLOURS,
  curveTraces,
  isCurve,
  isFitted,
  ROI_COLOURS,
  residual,
  rms,
  roiCurve,
  topOf,
} from "../logic/curves.ts";
import { formatNumber } from "../logic/numbers.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { hot } from "../store/hot.ts";
import { rois } from "../store/rois.ts";
import { RoiTable } from "./RoiTable.tsx";

/** Gadolinium in one segment with the model's curve and residual, and of regions drawn by hand. */
export default function CurvesPanel({ data }: { data: ViewerState }) {
  const chosen = useStore(display, (s) => s.segment);
  const lit = useStore(hot, (s) => s.segment);
  const drawn = useStore(rois, (s) => s.rois);
  const segment = lit ?? chosen ?? firstToLookAt(data);
  const { acquisitions } = data;
  const shown = useMemo(
    () => (segment === null ? [] : acquisitions.flatMap((a) => curveOf(a, segment))),
    [acquisitions, segment],
  );
  const traces = useMemo(
    () => [
      ...shown.flatMap(({ acquisition, curve }, i) => {
        const colour = COLOURS[acquisition.condition];
        const name = t.conditions[acquisition.condition];
        const words = { measured: name, fit: t.curves.fit(name), residual: t.curves.residual };
        return [
          ...curveTraces(curve, colour, words),
          ...aifTrace(acquisition, topOf(curve.gd), colour, t.curves.aif).map((trace) => ({
            ...trace,
            showlegend: i === 0,
          })),
        ];
      }),
      ...drawn.flatMap((roi, i) => {
        const name = t.roi.curve(i + 1);
        const words = { measured: name, fit: t.curves.fit(name), residual: t.curves.residual };
        const colour = ROI_COLOURS[i % ROI_COLOURS.length] as string;
        return roi.result ? curveTraces(roiCurve(roi.result), colour, words) : [];
      }),
    ],
    [shown, drawn],
  );
  if (segment === null) return <p className="muted">{t.curves.none}</p>;
  const name = data.table.find((row) => row.segment === segment)?.name ?? "";
  const title = t.curves.title(segment, name);
  const unit = acquisitions.find((a) => a.aif)?.aif?.unit ?? t.units.gd;
  const left = shown.flatMap(({ acquisition, curve }) => {
    const value = rms(residual(curve.gd, curve.fit));
    if (value === null) return [];
    return `${t.conditions[acquisition.condition].toLowerCase()} ${formatNumber(value, 3)}`;
  });
  const fitted = left.length > 0 || drawn.some((roi) => isFitted(roi.result?.fit ?? []));
  return (
    <section className="curves" data-testid="curves" data-shown={segment}>
      <h3 className="panel-title">
        {title} · {unit}
        {left.length > 0 && <span className="title-note"> · {t.curves.rms(left.join(", "))}</span>}
      </h3>
      <RoiTable data={data} />
      {traces.length === 0 ? (
        <p className="muted">{t.curves.noCurve}</p>
      ) : (
        <Chart
          traces={traces}
          xTitle={t.curves.time}
          yTitle={unit}
          label={title}
          layout={fitted ? WITH_RESIDUAL : WITHOUT_RESIDUAL}
        />
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

function curveOf(acquisition: AcquisitionView, segment: number) {
  const slice = acquisition.slices.find((s) => s.curves.some((c) => c.segment === segment));
  const found = slice?.curves.find((c) => c.segment === segment);
  if (!slice || !found) return [];
  // A proton-density or left-out frame has another signal, and no place among the others.
  const gd = found.gd.map((value, i) => (slice.frame_status[i] === 0 ? value : null));
  if (!isCurve(gd)) return [];
  return [{ acquisition, curve: { time_s: slice.time_s, gd, fit: found.fit } }];
}
