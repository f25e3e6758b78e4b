import { useEffect, useRef, useState } from "react";
import { getJson } from "../api/client.ts";
import type { SourceSeries } from "../api/studyTypes.ts";
import { findImage, type SourceStart } from "../logic/source.ts";
import { t } from "../shared/strings.ts";
import { message } from "../store/study.ts";
import { hasWebgl } from "./cornerstone.ts";
import { Stack } from "./Stack.tsx";

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
    getJson<SourceSeries[]>(`/api/studies/${studyId}/series/`)
      .then((list) => {
        setSeries(list);
        setChosen(findImage(list, start)?.series ?? null);
      })
      .catch((cause) => setError(message(cause)));
  }, [studyId, start]);

  const found = series ? findImage(series, start) : null;
  const here = found !== null && found.series.id === chosen?.id ? found : null;
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
        {!webgl.current && (
          <p className="notice notice-warn" data-testid="no-webgl">
            {t.source.noWebgl}
          </p>
        )}
        {chosen ? (
          <Stack
            series={chosen}
            first={here?.index ?? 0}
            place={here?.exact && start ? start : null}
            measuring={webgl.current}
          />
        ) : (
          <p className="muted">{series ? t.source.choose : t.common.loading}</p>
        )}
      </div>
    </div>
  );
}
