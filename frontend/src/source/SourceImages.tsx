import { useEffect, useRef, useState } from "react";
import { getJson } from "../api/client.ts";
import type { SourceSeries } from "../api/types.ts";
import { t } from "../shared/strings.ts";
import { message } from "../store/study.ts";
import { hasWebgl, type PrimaryTool, SourceViewport } from "./cornerstone.ts";

const TOOLS: PrimaryTool[] = ["window", "pan", "zoom", "length", "ellipse", "angle"];

export interface SourceStart {
  /** Series and image that the reader was looking at in the grid. */
  seriesInstanceUid: string;
  index: number;
}

/** Any original series of the study, as the scanner sent it; opens where the reader was. */
export default function SourceImages({
  studyId,
  start,
}: {
  studyId: number;
  start: SourceStart | null;
}) {
  const [series, setSeries] = useState<SourceSeries[] | null>(null);
  const [chosen, setChosen] = useState<SourceSeries | null>(null);
  const [error, setError] = useState<string | null>(null);
  const webgl = useRef(hasWebgl());

  useEffect(() => {
    getJson<SourceSeries[] | { results: SourceSeries[] }>(`/api/studies/${studyId}/series/`)
      .then((answer) => {
        const list = Array.isArray(answer) ? answer : answer.results;
        setSeries(list);
        const withImages = list.filter((one) => one.image_urls.length > 0);
        const visited = withImages.find(
          (one) => one.series_instance_uid === start?.seriesInstanceUid,
        );
        setChosen(visited ?? withImages[0] ?? null);
      })
      .catch((cause) => setError(message(cause)));
  }, [studyId, start]);

  return (
    <div className="source">
      <nav className="source-list" aria-label={t.source.series}>
        {error && <p className="notice notice-danger">{error}</p>}
        {series?.length === 0 && <p className="muted">{t.source.none}</p>}
        <ul>
          {series?.map((one) => (
            <li key={one.id}>
              <button
                type="button"
                className="source-series"
                aria-pressed={chosen?.id === one.id}
                disabled={one.image_urls.length === 0}
                onClick={() => setChosen(one)}
              >
                <strong>
                  {one.number ?? "–"} {one.description || one.modality}
                </strong>
                <span className="muted">
                  {one.modality} · {t.source.images(one.image_urls.length)}
                </span>
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <div className="source-main">
        {!webgl.current && <p className="notice notice-warn">{t.source.noWebgl}</p>}
        {chosen ? (
          <Stack
            series={chosen}
            first={chosen.series_instance_uid === start?.seriesInstanceUid ? start.index : 0}
            measuring={webgl.current}
          />
        ) : (
          <p className="muted">{series ? t.source.choose : t.common.loading}</p>
        )}
      </div>
    </div>
  );
}

function Stack({
  series,
  first,
  measuring,
}: {
  series: SourceSeries;
  first: number;
  measuring: boolean;
}) {
  const element = useRef<HTMLDivElement>(null);
  const viewport = useRef<SourceViewport | null>(null);
  const [index, setIndex] = useState(0);
  const [error, setError] = useState<string | null>(null);
  const [ready, setReady] = useState(false);
  const [tool, setTool] = useState<PrimaryTool>("window");

  useEffect(() => {
    const node = element.current;
    if (!node) return;
    let left = false;
    void SourceViewport.open(node, { onImage: setIndex, onError: setError })
      .then((opened) => {
        if (left) return opened.close();
        viewport.current = opened;
        setReady(true);
      })
      .catch((cause) => setError(message(cause)));
    const sizes = new ResizeObserver(() => viewport.current?.resize());
    sizes.observe(node);
    return () => {
      left = true;
      sizes.disconnect();
      viewport.current?.close();
      viewport.current = null;
      setReady(false);
    };
  }, []);

  useEffect(() => {
    if (!ready) return;
    const begin = Math.min(first, series.image_urls.length - 1);
    setError(null);
    setIndex(begin);
    viewport.current?.show(series.image_urls, begin).catch((cause) => setError(message(cause)));
  }, [ready, series, first]);

  const last = series.image_urls.length - 1;
  const goTo = (to: number) => {
    const kept = Math.min(last, Math.max(0, to));
    setError(null);
    setIndex(kept);
    viewport.current?.goTo(kept).catch((cause) => setError(message(cause)));
  };

  return (
    <>
      <div className="toolbar" role="toolbar" aria-label={t.tools.label}>
        {TOOLS.filter(
          (name) => measuring || name === "window" || name === "pan" || name === "zoom",
        ).map((name) => (
          <button
            key={name}
            type="button"
            className="mode"
            aria-pressed={tool === name}
            onClick={() => {
              setTool(name);
              viewport.current?.choose(name);
            }}
          >
            {t.source.tools[name]}
          </button>
        ))}
        <button type="button" className="mode" onClick={() => viewport.current?.reset()}>
          {t.source.reset}
        </button>
        <span className="muted">{t.source.hint}</span>
      </div>
      <div
        ref={element}
        className="source-viewport"
        data-testid="source-viewport"
        data-image={index}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled with the arrow keys
        tabIndex={0}
        role="img"
        aria-label={`${series.description || series.modality}, ${t.source.loading(index + 1, last + 1)}`}
        onContextMenu={(event) => event.preventDefault()}
        onKeyDown={(event) => {
          const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
          if (!by) return;
          event.preventDefault();
          goTo(index + by);
        }}
      />
      {error !== null && (
        <p className="notice notice-danger" role="alert" data-testid="source-error">
          {t.source.failed(error)}
        </p>
      )}
      <label className="source-scroll">
        <span>{t.source.loading(index + 1, last + 1)}</span>
        <input
          type="range"
          aria-label={t.source.image}
          min={0}
          max={last}
          value={index}
          onChange={(event) => goTo(event.target.valueAsNumber)}
        />
      </label>
    </>
  );
}
