import { useEffect, useMemo, useRef, useState } from "react";
import type { ReportText, ViewerState } from "../api/types.ts";
import { formatDateTime } from "../shared/dates.ts";
import { debounced } from "../shared/dom.ts";
import { t } from "../shared/strings.ts";
import { commit, mayEdit, study } from "../store/study.ts";

const FIELDS = ["indication", "findings", "impression"] as const;
const QUIET_MS = 1200;
const EMPTY: ReportText = { indication: "", findings: "", impression: "" };

export function ReportPanel({ data }: { data: ViewerState }) {
  const editable = mayEdit(data);
  const saved = data.reading?.report ?? EMPTY;
  const [text, setText] = useState(saved);
  const unsent = useRef<ReportText | null>(null);

  const send = useMemo(() => {
    const now = () => {
      if (unsent.current) commit({ kind: "report", report: unsent.current });
      unsent.current = null;
    };
    return { now, soon: debounced(now, QUIET_MS) };
  }, []);
  // Leaving the tab or the field must not lose the last words.
  useEffect(() => send.now, [send]);
  // Undo, redo and other browsers change the text; words being typed win.
  useEffect(() => {
    if (!unsent.current && study.getState().waiting.length === 0) setText(saved);
  }, [saved]);

  return (
    <section className="report-panel" aria-label={t.panels.report}>
      {FIELDS.map((field) => (
        <label key={field} className="field">
          {t.report[field]}
          <textarea
            rows={field === "indication" ? 2 : 5}
            maxLength={8000}
            readOnly={!editable}
            value={text[field]}
            data-testid={`report-${field}`}
            onChange={(event) => {
              const next = { ...text, [field]: event.target.value };
              setText(next);
              unsent.current = next;
              send.soon();
            }}
            onBlur={send.now}
          />
        </label>
      ))}
      {editable && <p className="muted">{t.report.saveNote}</p>}
      {data.reading?.state === "signed" && (
        <p className="notice notice-ok">
          {t.reading.signed(data.reading.signed_by ?? "", formatDateTime(data.reading.signed_at))}
        </p>
      )}
      {data.reading && (
        <p>
          <a href={`/api/readings/${data.reading.id}/report.pdf`} target="_blank" rel="noreferrer">
            {t.report.pdf}
          </a>{" "}
          {data.reading.state !== "signed" && <span className="muted">{t.report.unsigned}</span>}
        </p>
      )}
      {data.reading && data.reading.addenda.length > 0 && (
        <>
          <h3 className="panel-title">{t.report.addenda}</h3>
          <ol className="addenda">
            {data.reading.addenda.map((addendum) => (
              <li key={addendum.number}>
                <p className="muted">
                  {addendum.author} · {formatDateTime(addendum.created_at)}
                </p>
                <p>{addendum.text}</p>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
