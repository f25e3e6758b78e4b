import { Fragment, useEffect, useMemo, useRef, useState } from "react";
import { placesBeside } from "../api/addresses.ts";
import type { ReportText, ViewerState } from "../api/readingTypes.ts";
import { withSentence } from "../logic/entry.ts";
import { formatDateTime } from "../shared/dates.ts";
import { debounced } from "../shared/dom.ts";
import { t } from "../shared/strings.ts";
import { commit, mayEdit, study } from "../store/study.ts";
import { References } from "./ClinicalPanel.tsx";
import { PriorPart } from "./PriorPart.tsx";
import { SendingPanel } from "./SendingPanel.tsx";
import { Suggestions } from "./Suggestions.tsx";

const FIELDS = ["indication", "findings", "impression"] as const;
const QUIET_MS = 1200;
const EMPTY: ReportText = { indication: "", findings: "", impression: "" };

export function ReportPanel({ data }: { data: ViewerState }) {
  const places = placesBeside();
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

  const write = (field: keyof ReportText, words: string) => {
    const next = { ...text, [field]: words };
    setText(next);
    unsent.current = next;
    send.soon();
  };

  return (
    <section className="report-panel" aria-label={t.panels.report}>
      {FIELDS.map((field) => (
        <div key={field}>
          <label className="field">
            {t.report[field]}
            <textarea
              rows={field === "indication" ? 2 : 5}
              maxLength={8000}
              readOnly={!editable}
              value={text[field]}
              data-testid={`report-${field}`}
              onChange={(event) => write(field, event.target.value)}
              onBlur={send.now}
            />
          </label>
          {editable && field !== "indication" && (
            <Suggestions
              field={field}
              sentences={data.suggestions[field]}
              text={text[field]}
              insert={(sentence) => {
                write(field, withSentence(text[field], sentence));
                send.now();
              }}
            />
          )}
        </div>
      ))}
      {!places.ofCase && <PriorPart data={data} />}
      <References data={data} />
      {editable && <p className="muted">{t.report.saveNote}</p>}
      {data.reading?.state === "signed" && (
        <p className="notice notice-ok">
          {t.reading.signed(data.reading.signed_by ?? "", formatDateTime(data.reading.signed_at))}
        </p>
      )}
      {data.reading && (
        <p>
          {t.assess.paper.label}{" "}
          {(["a4", "letter"] as const).map((paper) => (
            <Fragment key={paper}>
              <a
                href={`/api/readings/${data.reading?.id}/report.pdf?paper=${paper}`}
                target="_blank"
                rel="noreferrer"
              >
                {t.assess.paper[paper]}
              </a>{" "}
            </Fragment>
          ))}
          {data.reading.state !== "signed" && <span className="muted">{t.report.unsigned}</span>}
        </p>
      )}
      {!places.ofCase && <SendingPanel data={data} />}
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
