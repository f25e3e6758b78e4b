import { useState } from "react";
import { useStore } from "zustand";
import { postJson } from "../api/client.ts";
import type { ReadingView, ViewerState } from "../api/types.ts";
import { t } from "../shared/strings.ts";
import { message, openStudy, study } from "../store/study.ts";
import { Modal } from "./Modal.tsx";

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
      {reading?.newer_run && <NewerResult reading={reading} studyId={data.study.id} />}
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

/** A draft stays on its run until its reader gives it up for the newer one. */
function NewerResult({ reading, studyId }: { reading: ReadingView; studyId: number }) {
  const [asking, setAsking] = useState(false);
  const discard = async () => {
    try {
      const body = { base_revision: reading.revision };
      await postJson(`/api/readings/${reading.id}/discard/`, body);
      await openStudy(studyId);
    } catch (cause) {
      study.setState({ rejected: message(cause) });
    }
    setAsking(false);
  };
  return (
    <p className="notice notice-warn">
      {reading.state === "signed" ? t.reading.newerThanSigned : t.reading.newer}
      {reading.editable && (
        <button type="button" className="button button-small" onClick={() => setAsking(true)}>
          {t.reading.discard}
        </button>
      )}
      {asking && (
        <Modal title={t.reading.discardTitle} close={() => setAsking(false)}>
          <p>{t.reading.discardText}</p>
          <div className="dialog-actions">
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {t.common.cancel}
            </button>
            <button type="button" className="button button-danger" onClick={() => void discard()}>
              {t.reading.discard}
            </button>
          </div>
        </Modal>
      )}
    </p>
  );
}
