import { useStore } from "zustand";
import type { ViewerState } from "../api/types.ts";
import { t } from "../shared/strings.ts";
import { study } from "../store/study.ts";

/** One line per fact that changes how the whole page must be read. */
export function Notices({ data }: { data: ViewerState }) {
  const rejected = useStore(study, (s) => s.rejected);
  const loadError = useStore(study, (s) => s.loadError);
  const { run, reading } = data;
  const notices: { tone: "warn" | "danger" | "info"; text: string }[] = [];
  if (loadError) notices.push({ tone: "danger", text: loadError });
  const older = data.acquisitions.length > 0;
  if (older && (run?.state === "queued" || run?.state === "running")) {
    const percent = Math.round(run.progress * 100);
    notices.push({ tone: "info", text: t.run.newerRunning(run.stage, percent) });
  }
  if (older && run?.state === "failed") {
    notices.push({ tone: "danger", text: t.run.newerFailed(run.failure_message) });
  }
  if (run?.outdated_reason) {
    notices.push({ tone: "warn", text: t.reading.outdated(run.outdated_reason) });
  }
  if (reading?.newer_run) notices.push({ tone: "warn", text: t.reading.newer });
  if (older && reading?.state === "draft" && !reading.editable) {
    notices.push({ tone: "info", text: t.reading.otherReader(reading.reader) });
  }
  if (older && !reading && !data.can_read) {
    notices.push({ tone: "info", text: t.reading.cannotRead });
  }
  return (
    <div className="notices" aria-live="polite">
      {notices.map(({ tone, text }) => (
        <p key={text} className={`notice notice-${tone}`}>
          {text}
        </p>
      ))}
      {rejected && (
        <p className="notice notice-danger toast" role="alert">
          {t.reading.rejected}: {rejected}
          <button
            type="button"
            className="button button-small"
            onClick={() => study.setState({ rejected: null })}
          >
            {t.common.close}
          </button>
        </p>
      )}
    </div>
  );
}
