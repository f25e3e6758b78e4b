import { type FormEvent, lazy, Suspense, useEffect, useState } from "react";
import { useStore } from "zustand";
import { getJson, postJson } from "../api/client.ts";
import type { EditResult, HistoryEntry, ViewerState } from "../api/readingTypes.ts";
import { startAt } from "../logic/source.ts";
import { formatDateTime } from "../shared/dates.ts";
import { t } from "../shared/strings.ts";
import { applyResult, message, openStudy, resolveConflict, study } from "../store/study.ts";
import { CompareDialog } from "./CompareDialog.tsx";
import { type DialogName, useViewer, type ValueEditRequest } from "./context.ts";
import { Identity } from "./Header.tsx";
import { Modal } from "./Modal.tsx";
import { ModelsDialog } from "./ModelsDialog.tsx";
import { SeriesDialog } from "./SeriesDialog.tsx";
import { SignDialog } from "./SignDialog.tsx";
import { ValueDialog } from "./ValueDialog.tsx";
import { editWords } from "./words.ts";

const SourceImages = lazy(() => import("../source/SourceImages.tsx"));

interface DialogsProps {
  data: ViewerState;
  dialog: DialogName | null;
  close: () => void;
  valueEdit: ValueEditRequest | null;
  closeValueEdit: () => void;
  userName: string;
}

export function Dialogs({ data, dialog, close, valueEdit, closeValueEdit }: DialogsProps) {
  const conflict = useStore(study, (s) => s.conflict);
  return (
    <>
      {valueEdit && <ValueDialog data={data} request={valueEdit} close={closeValueEdit} />}
      {dialog === "sign" && <SignDialog data={data} close={close} />}
      {dialog === "addendum" && <AddendumDialog data={data} close={close} />}
      {dialog === "history" && <HistoryDialog data={data} close={close} />}
      {dialog === "compare" && <CompareDialog data={data} close={close} />}
      {dialog === "models" && <ModelsDialog data={data} close={close} />}
      {dialog === "keys" && <KeysDialog close={close} />}
      {dialog === "series" && <SeriesDialog data={data} close={close} />}
      {dialog === "source" && <SourceDialog data={data} close={close} />}
      {conflict && (
        <Modal
          title={t.conflict.title}
          close={() => void resolveConflict("theirs")}
          testId="conflict-dialog"
        >
          <p>
            {t.conflict.text(
              conflict.author ?? t.conflict.someone,
              conflict.currentRevision === null ? "" : String(conflict.currentRevision),
            )}
          </p>
          <p>
            <strong>{t.conflict.yours}:</strong> {editWords(conflict.edit, data)}
          </p>
          <div className="dialog-actions">
            <button
              type="button"
              className="button"
              data-testid="conflict-theirs"
              onClick={() => void resolveConflict("theirs")}
            >
              {t.conflict.theirs}
            </button>
            <button
              type="button"
              className="button button-primary"
              data-testid="conflict-mine"
              onClick={() => void resolveConflict("mine")}
            >
              {t.conflict.mine}
            </button>
          </div>
        </Modal>
      )}
    </>
  );
}

function SourceDialog({ data, close }: { data: ViewerState; close: () => void }) {
  const { grid } = useViewer();
  // Fixed when the view opens: the frame goes on changing while a cine plays behind it.
  const [start] = useState(() => {
    const cell = grid.cells.get(grid.visited ?? "");
    if (!cell) return null;
    const middle = cell.imagePoint(cell.size.width / 2, cell.size.height / 2);
    const field = Math.min(cell.size.width, cell.size.height) / cell.pxPerMm();
    return startAt(cell.slice, grid.clock.frame, grid.visitedPoint ?? middle, field);
  });
  return (
    <Modal title={t.source.title} close={close} wide testId="source-dialog">
      <Suspense fallback={<p className="muted">{t.source.starting}</p>}>
        <SourceImages studyId={data.study.id} start={start} />
      </Suspense>
    </Modal>
  );
}

function KeysDialog({ close }: { close: () => void }) {
  return (
    <Modal title={t.keys.title} close={close}>
      <dl className="keys">
        {t.keys.list.map(([keys, words]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

function HistoryDialog({ data, close }: { data: ViewerState; close: () => void }) {
  const [entries, setEntries] = useState<HistoryEntry[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const reading = data.reading?.id;
  useEffect(() => {
    if (reading === undefined) return;
    getJson<HistoryEntry[] | { results: HistoryEntry[] }>(`/api/readings/${reading}/history/`)
      .then((answer) => setEntries(Array.isArray(answer) ? answer : answer.results))
      .catch((cause) => setError(message(cause)));
  }, [reading]);
  return (
    <Modal title={t.history.title} close={close} testId="history-dialog">
      {error && <p className="notice notice-danger">{error}</p>}
      {!entries && !error && <p className="muted">{t.common.loading}</p>}
      {entries?.length === 0 && <p className="muted">{t.history.empty}</p>}
      <ol className="history" reversed>
        {entries
          ?.toSorted((a, b) => b.revision - a.revision)
          .map((entry) => (
            <li key={entry.revision}>
              <p className="muted">
                {t.history.revision(entry.revision)} · {entry.author} ·{" "}
                {formatDateTime(entry.created_at)}
              </p>
              <p>{entry.words}</p>
              {entry.reason && (
                <p className="muted">
                  {t.history.reason} {entry.reason}
                </p>
              )}
            </li>
          ))}
      </ol>
    </Modal>
  );
}

function AddendumDialog({ data, close }: { data: ViewerState; close: () => void }) {
  const [text, setText] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (!text.trim()) return setError(t.addendum.empty);
    try {
      const result = await postJson<EditResult>(`/api/readings/${data.reading?.id}/addenda/`, {
        text: text.trim(),
        password,
      });
      if (result.reading) applyResult(result);
      await openStudy(data.study.id);
      close();
    } catch (cause) {
      setError(message(cause));
      setPassword("");
    }
  };
  return (
    <Modal title={t.addendum.title} close={close} testId="addendum-dialog">
      <form onSubmit={send}>
        <Identity data={data} />
        <label className="field">
          {t.addendum.text}
          <textarea rows={5} value={text} onChange={(e) => setText(e.target.value)} />
        </label>
        <label className="field">
          {t.sign.password}
          <input
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(e) => setPassword(e.target.value)}
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
          <button type="submit" className="button button-primary">
            {t.addendum.add}
          </button>
        </div>
      </form>
    </Modal>
  );
}
