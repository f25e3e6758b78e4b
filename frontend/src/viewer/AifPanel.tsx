import { useMemo } from "react";
import type { AcquisitionView, Aif } from "../api/analysisTypes.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { Chart } from "../charts/Chart.tsx";
import { formatNumber } from "../logic/numbers.ts";
import { t } from "../shared/strings.ts";
import { AifImages } from "./AifImages.tsx";
import { Haematocrit } from "./Haematocrit.tsx";

/** The arterial input of each acquisition: both pools, T2* correction, foot, peak, valley. */
export default function AifPanel({ data }: { data: ViewerState }) {
  return (
    <div className="aif-panel">
      <Haematocrit data={data} />
      {data.acquisitions.map((acquisition) => (
        <AifOf key={acquisition.key} data={data} acquisition={acquisition} />
      ))}
    </div>
  );
}

function AifOf({ data, acquisition }: { data: ViewerState; acquisition: AcquisitionView }) {
  const { aif } = acquisition;
  const title = `${t.aif.title} · ${t.conditions[acquisition.condition]}`;
  const traces = useMemo(() => (aif ? tracesOf(aif) : []), [aif]);
  const shapes = useMemo(
    () =>
      [aif?.foot_s, aif?.peak_s, aif?.valley_s]
        .filter((x) => x !== null && x !== undefined)
        .map((x) => ({
          type: "line",
          x0: x,
          x1: x,
          yref: "paper",
          y0: 0,
          y1: 1,
          line: { color: "#8b98a7", width: 1, dash: "dot" },
        })),
    [aif],
  );
  return (
    <section aria-label={title}>
      <h3 className="panel-title">{title}</h3>
      <p className="muted">{t.aif.sources[aif?.source ?? "none"]}</p>
      {aif?.images ? (
        <AifImages data={data} acquisition={acquisition} images={aif.images} />
      ) : (
        aif && <p className="muted">{t.aifImages.none}</p>
      )}
      {aif && aif.source !== "none" && (
        <>
          <Chart
            traces={traces}
            shapes={shapes}
            xTitle={t.curves.time}
            yTitle={aif.unit}
            label={title}
          />
          <dl className="facts facts-row">
            <Fact name={t.aif.foot} value={aif.foot_s} unit="s" />
            <Fact name={t.aif.peak} value={aif.peak} unit={aif.unit} />
            <Fact name={t.aif.peakAt} value={aif.peak_s} unit="s" />
            <Fact name={t.aif.valley} value={aif.valley_s} unit="s" />
            <Fact name={t.aif.duration} value={aif.first_pass_duration_s} unit="s" />
            <Fact name={t.aif.area} value={aif.area} unit={`${aif.unit} s`} />
          </dl>
        </>
      )}
    </section>
  );
}

function Fact({ name, value, unit }: { name: string; value: number | null; unit: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {formatNumber(value, 1)} {value === null ? "" : unit}
      </dd>
    </div>
  );
}

function tracesOf(aif: Aif) {
  const line = (
    name: string,
    y: (number | null)[],
    colour: string,
    dash: string,
    width: number,
  ) => ({
    type: "scatter",
    mode: "lines",
    name,
    x: aif.time_s,
    y,
    line: { color: colour, dash, width },
  });
  const corrected = aif.gd_uncorrected.some((v, i) => v !== aif.gd[i]);
  return [
    line(t.aif.lv, aif.gd, "#ff8a5c", "solid", 2.5),
    ...(corrected ? [line(t.aif.uncorrected, aif.gd_uncorrected, "#ff8a5c", "dash", 1)] : []),
    ...(aif.rv_gd.some((v) => v !== null)
      ? [line(t.aif.rv, aif.rv_gd, "#6fa8ff", "solid", 1.5)]
      : []),
  ];
}
