import { useState } from "react";
import { postJson } from "../api/client.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { t } from "../shared/strings.ts";
import { message, openStudy } from "../store/study.ts";
import { useViewer } from "./context.ts";

/** Instead of the grid while there is no result: what is happening, or why there is none. */
export function RunProgress({ data }: { data: ViewerState }) {
  const { openDialog } = useViewer();
  const { run } = data;
  const studyId = data.study.id;
  const [error, setError] = useState<string | null>(null);
  const state = run?.state ?? "none";
  const ask = async (url: string) => {
    try {
      setError(null);
      await postJson(url, {});
      await openStudy(studyId);
    } catch (cause) {
      setError(message(cause));
    }
  };
  const live = state === "queued" || state === "running";
  const percent = Math.round((run?.progress ?? 0) * 100);
  return (
    <main className="run-progress panel" id="main" data-testid="run-state" data-state={state}>
      <h1>{t.run[state === "succeeded" ? "none" : state]}</h1>
      {live && (
        <>
          <div
            className="progress"
            role="progressbar"
            aria-label={t.run.running}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={percent}
          >
            <span className="progress-fill" style={{ inlineSize: `${percent}%` }} />
          </div>
          <p>
            {run?.stage ? t.run.stage(run.stage) : ""} {percent} %
          </p>
          <p className="muted">{t.run.liveNote}</p>
          {data.can_run && (
            <button
              type="button"
              className="button"
              onClick={() => void ask(`/api/runs/${run?.id}/cancel/`)}
            >
              {t.run.cancel}
            </button>
          )}
        </>
      )}
      {state === "failed" && (
        <p className="notice notice-danger" role="alert">
          {run?.failure_message}
        </p>
      )}
      {!live && (
        <p className="run-actions">
          {data.can_run && (
            <button
              type="button"
              className="button button-primary"
              onClick={() => void ask(`/api/studies/${studyId}/runs/`)}
            >
              {t.run.retryHint}
            </button>
          )}
          <button type="button" className="button" onClick={() => openDialog("series")}>
            {t.series.title}
          </button>
        </p>
      )}
      {error && (
        <p className="notice notice-danger" role="alert">
          {error}
        </p>
      )}
    </main>
  );
}
