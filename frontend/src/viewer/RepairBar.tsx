import { type FormEvent, useEffect, useState } from "react";
import { useStore } from "zustand";
import { postJson } from "../api/client.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import type { Repair } from "../logic/repair.ts";
import { t } from "../shared/strings.ts";
import { dropRepair, followRepair, repairs, sendRepair } from "../store/repair.ts";
import { message, openStudy, study } from "../store/study.ts";
import { Modal } from "./Modal.tsx";
import { repairWords } from "./repairWords.ts";

/** Changes to the analysis: what waits, how far its computing is, and how it failed. */
export function RepairBar({ data }: { data: ViewerState }) {
  const { repair, sentAs } = useStore(repairs);
  const [asking, setAsking] = useState(false);
  useEffect(followRepair, []);
  const { run } = data;
  const under = run?.state === "queued" || run?.state === "running";
  const ours = sentAs !== null && run?.id === sentAs;
  if (under && data.acquisitions.length > 0) return <Computing data={data} />;
  if (!repair) return null;
  return (
    <div className="notice notice-edit repair-bar" data-testid="repair-bar">
      {ours && run?.state === "failed" && (
        <p role="alert" data-testid="repair-failed">
          {t.repair.failed(run.failure_message)}
        </p>
      )}
      {ours && run?.state === "cancelled" && <p role="status">{t.repair.cancelled}</p>}
      <span>
        <strong>{t.repair.waiting}:</strong> {repairWords(repair, data).join(" · ")}
      </span>
      <span className="repair-actions">
        <button
          type="button"
          className="button button-small button-primary"
          data-testid="compute-again"
          disabled={!data.can_run}
          title={data.can_run ? undefined : t.repair.notAllowed}
          onClick={() => setAsking(true)}
        >
          {t.repair.compute}
        </button>
        <button type="button" className="button button-small" onClick={dropRepair}>
          {t.repair.drop}
        </button>
      </span>
      {asking && <RepairDialog data={data} repair={repair} close={() => setAsking(false)} />}
    </div>
  );
}

function Computing({ data }: { data: ViewerState }) {
  const { run } = data;
  if (!run) return null;
  const percent = Math.round(run.progress * 100);
  const cancel = async () => {
    try {
      await postJson(`/api/runs/${run.id}/cancel/`, {});
      await openStudy(data.study.id);
    } catch (cause) {
      study.setState({ rejected: message(cause) });
    }
  };
  return (
    <div className="notice notice-info repair-bar" data-testid="computing">
      <span>
        {t.repair.computing(run.stage, percent)}
        {run.changes.length > 0 && <span className="muted"> · {run.changes.join(" · ")}</span>}
      </span>
      <span
        className="progress"
        role="progressbar"
        aria-label={t.repair.computingLabel}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <span className="progress-fill" style={{ inlineSize: `${percent}%` }} />
      </span>
      {data.can_run && (
        <button type="button" className="button button-small" onClick={() => void cancel()}>
          {t.repair.cancel}
        </button>
      )}
    </div>
  );
}

function RepairDialog({
  data,
  repair,
  close,
}: {
  data: ViewerState;
  repair: Repair;
  close: () => void;
}) {
  const [choice, setChoice] = useState("");
  const [words, setWords] = useState("");
  const [error, setError] = useState<string | null>(null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    const reason = [choice, words.trim()].filter(Boolean).join(": ");
    if (!reason) return setError(t.repair.noReason);
    try {
      await sendRepair(reason);
      close();
    } catch (cause) {
      setError(message(cause));
    }
  };
  return (
    <Modal title={t.repair.computeTitle} close={close} testId="repair-dialog">
      <form onSubmit={send}>
        <ul className="bullets">
          {repairWords(repair, data).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        <p className="muted">{t.repair.computeText}</p>
        <label className="field">
          {t.repair.reason}
          <select
            data-first-focus
            data-testid="repair-reason"
            value={choice}
            onChange={(event) => setChoice(event.target.value)}
          >
            <option value="">{t.repair.otherReason}</option>
            {t.repair.reasons.map((reason) => (
              <option key={reason}>{reason}</option>
            ))}
          </select>
        </label>
        <label className="field">
          {t.repair.details}
          <input
            maxLength={400}
            value={words}
            data-testid="repair-words"
            onChange={(event) => setWords(event.target.value)}
          />
        </label>
        {error && (
          <p className="notice notice-danger" role="alert">
            {error}
          </p>
        )}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={close}>
            {t.common.cancel}
          </button>
          <button type="submit" className="button button-primary" data-testid="repair-send">
            {t.repair.send}
          </button>
        </div>
      </form>
    </Modal>
  );
}
