import { useState } from "react";
import { useStore } from "zustand";
import type { ReadingView, ViewerState } from "../api/readingTypes.ts";
import { t } from "../shared/strings.ts";
import { repairs } from "../store/repair.ts";
import { study } from "../store/study.ts";
import { CarryOver } from "./CarryOver.tsx";
import { RepairBar } from "./RepairBar.tsx";

/** One line per fact that changes how the whole page must be read. */
export function Notices({ data }: { data: ViewerState }) {
  const rejected = useStore(study, (s) => s.rejected);
  const loadError = useStore(study, (s) => s.loadError);
  const { run, reading, result_run: result } = data;
  const notices: { tone: "warn" | "danger" | "info"; text: string }[] = [];
  if (loadError) notices.push({ tone: "danger", text: loadError });
  const older = data.acquisitions.length > 0;
  const repaired = useStore(repairs, (s) => s.sentAs !== null && s.sentAs === run?.id);
  if (older && run?.state === "failed" && !repaired) {
    notices.push({ tone: "danger", text: t.run.newerFailed(run.failure_message) });
  }
  if (result?.outdated_reason && !reading?.newer_run) {
    notices.push({ tone: "warn", text: t.reading.outdated(result.outdated_reason) });
  }
  if (older && result && result.changes.length > 0) {
    const what = result.changes.join(" · ");
    const text = t.repair.repaired(what, result.requested_by ?? "", result.reason);
    notices.push({ tone: "info", text });
  }
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
      <RepairBar data={data} />
      {reading?.newer_run && <NewerResult reading={reading} data={data} />}
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

/** A draft stays on its run until its reader moves it to the newer one. */
function NewerResult({ reading, data }: { reading: ReadingView; data: ViewerState }) {
  const [asking, setAsking] = useState(false);
  return (
    <div className="notice notice-warn">
      {reading.state === "signed" ? t.reading.newerThanSigned : t.reading.newer}
      {reading.editable && (
        <button
          type="button"
          className="button button-small"
          data-testid="carry-over"
          onClick={() => setAsking(true)}
        >
          {t.carryOver.open}
        </button>
      )}
      {asking && <CarryOver data={data} reading={reading} close={() => setAsking(false)} />}
    </div>
  );
}
