import { useEffect, useState } from "react";
import { getJson, postJson } from "../api/client.ts";
import type { CarryOverItem, CarryOverPreview } from "../api/imageTypes.ts";
import type { ReadingView, ViewerState } from "../api/readingTypes.ts";
import { formatNumber } from "../logic/numbers.ts";
import { t } from "../shared/strings.ts";
import { message, openStudy } from "../store/study.ts";
import { sliceWords } from "./FlagsPanel.tsx";
import { Modal } from "./Modal.tsx";

/** What moves with a draft to a newer result, what cannot, and what that does to the values. */
export function CarryOver({
  data,
  reading,
  close,
}: {
  data: ViewerState;
  reading: ReadingView;
  close: () => void;
}) {
  const [preview, setPreview] = useState<CarryOverPreview | null>(null);
  const [error, setError] = useState<string | null>(null);
  const address = `/api/readings/${reading.id}`;
  useEffect(() => {
    getJson<CarryOverPreview>(`${address}/carry-over/`)
      .then(setPreview)
      .catch((cause) => setError(message(cause)));
  }, [address]);
  const go = async (what: "carry-over" | "discard") => {
    try {
      await postJson(`${address}/${what}/`, { base_revision: reading.revision });
      await openStudy(data.study.id);
      close();
    } catch (cause) {
      setError(message(cause));
    }
  };
  return (
    <Modal title={t.carryOver.title} close={close} testId="carry-over-dialog">
      {!preview && !error && <p className="muted">{t.common.loading}</p>}
      {preview && (
        <>
          <h3 className="panel-title">{t.carryOver.what}</h3>
          <p>
            {(preview.run.changes.length > 0
              ? preview.run.changes
              : [preview.run.purpose_words]
            ).join(" · ")}
          </p>
          <p className="muted">
            {[preview.run.requested_by, preview.run.reason].filter(Boolean).join(": ")}
          </p>
          <h3 className="panel-title">{t.carryOver.carried}</h3>
          <Items data={data} items={preview.carried} sign="✓" none={t.carryOver.nothing} />
          <h3 className="panel-title">{t.carryOver.left}</h3>
          <Items data={data} items={preview.left} sign="▲" none={t.carryOver.nothingLeft} />
          <h3 className="panel-title">{t.carryOver.values}</h3>
          <Values preview={preview} />
        </>
      )}
      {error && (
        <p className="notice notice-danger" role="alert">
          {error}
        </p>
      )}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={close}>
          {t.common.cancel}
        </button>
        <button type="button" className="button button-danger" onClick={() => void go("discard")}>
          {t.carryOver.discard}
        </button>
        <button
          type="button"
          className="button button-primary"
          data-testid="carry-over-move"
          disabled={!preview}
          onClick={() => void go("carry-over")}
        >
          {t.carryOver.move}
        </button>
      </div>
    </Modal>
  );
}

function Items({
  data,
  items,
  sign,
  none,
}: {
  data: ViewerState;
  items: CarryOverItem[];
  sign: string;
  none: string;
}) {
  if (items.length === 0) return <p className="muted">{none}</p>;
  return (
    <ul className="carry-items">
      {items.map((item) => {
        const what = item.slice
          ? sliceWords(data, item.slice)
          : item.condition && item.segment
            ? t.words.segment(t.conditions[item.condition], item.segment)
            : "";
        return (
          <li key={`${item.kind}${what}`}>
            <span aria-hidden="true">{sign}</span>
            <span>{t.carryOver.kinds[item.kind]?.(what) ?? `${item.kind} ${what}`}</span>
            {item.why && <span className="muted">{item.why}</span>}
          </li>
        );
      })}
    </ul>
  );
}

function Values({ preview }: { preview: CarryOverPreview }) {
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th scope="col" />
          <th scope="col" className="number">
            {t.carryOver.before}
          </th>
          <th scope="col" className="number">
            {t.carryOver.after}
          </th>
        </tr>
      </thead>
      <tbody>
        {preview.values.map(({ condition, segment, before, after }) => (
          <tr key={`${condition}${segment}`}>
            <th scope="row">
              {t.conditions[condition]} {segment}
            </th>
            <td className="number">{formatNumber(before)}</td>
            <td className="number">{formatNumber(after)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
