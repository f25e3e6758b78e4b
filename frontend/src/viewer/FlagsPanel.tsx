import { useState } from "react";
import { useStore } from "zustand";
import type { Flag, ViewerState } from "../api/types.ts";
import { formatDateTime } from "../shared/dates.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { commit, mayEdit, study } from "../store/study.ts";
import { Modal } from "./Modal.tsx";

const ORDER = { invalid: 0, check: 1, information: 2 } as const;
const SIGN = { invalid: "✖", check: "▲", information: "ℹ" } as const;

/** Doubts first: those that can change a number must be answered before signing. */
export function FlagsPanel({ data }: { data: ViewerState }) {
  const [answering, setAnswering] = useState<Flag | null>(null);
  const sorted = data.flags.toSorted((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  const toAnswer = sorted.filter((flag) => flag.severity !== "information");
  const information = sorted.filter((flag) => flag.severity === "information");
  const answered = toAnswer.filter((flag) => flag.acknowledged).length;
  const editable = mayEdit(data);
  const sending = useStore(study, (s) => s.waiting);
  const onItsWay = (flag: Flag) =>
    sending.some((edit) => edit.kind === "acknowledge" && edit.flag === flag.id);
  return (
    <section className="flags panel" aria-labelledby="flags-title" data-testid="flags">
      <h2 id="flags-title" className="panel-title">
        {t.flags.title}
        {toAnswer.length > 0 && ` · ${t.flags.count(answered, toAnswer.length)}`}
      </h2>
      {toAnswer.length === 0 && <p className="muted">{t.flags.none}</p>}
      <ul>
        {toAnswer.map((flag) => (
          <FlagLine
            key={flag.id}
            flag={flag}
            data={data}
            onAcknowledge={editable && !onItsWay(flag) ? () => setAnswering(flag) : null}
          />
        ))}
      </ul>
      {information.length > 0 && (
        <details>
          <summary className="muted">{t.flags.more(information.length)}</summary>
          <ul>
            {information.map((flag) => (
              <FlagLine key={flag.id} flag={flag} data={data} onAcknowledge={null} />
            ))}
          </ul>
        </details>
      )}
      {answering && <AcknowledgeDialog flag={answering} close={() => setAnswering(null)} />}
    </section>
  );
}

function FlagLine({
  flag,
  data,
  onAcknowledge,
}: {
  flag: Flag;
  data: ViewerState;
  onAcknowledge: (() => void) | null;
}) {
  const done = flag.acknowledged !== null;
  const place = [
    sliceWords(data, flag.slice),
    flag.segment === null ? "" : `${t.table.segment.toLowerCase()} ${flag.segment}`,
  ]
    .filter(Boolean)
    .join(", ");
  const canShow = flag.slice !== null || flag.segment !== null;
  return (
    <li className="flag" data-severity={flag.severity} data-done={done || undefined}>
      <span className="flag-sign" aria-hidden="true">
        {done ? "✓" : SIGN[flag.severity]}
      </span>
      <span className="flag-text">
        <span className="visually-hidden">
          {flag.severity === "invalid" ? `${t.flags.invalid}: ` : ""}
        </span>
        {place && <strong>{place}: </strong>}
        {flag.message}
      </span>
      <span className="flag-actions">
        {canShow && (
          <button type="button" className="link" onClick={() => showFlag(data, flag)}>
            {t.flags.show}
          </button>
        )}
        {done ? (
          <span
            className="muted"
            title={[
              t.flags.acknowledged(flag.acknowledged?.by ?? ""),
              formatDateTime(flag.acknowledged?.at ?? null),
              flag.acknowledged?.comment,
            ]
              .filter(Boolean)
              .join(" · ")}
          >
            <span className="visually-hidden">{t.flags.acknowledged("")}</span>
            {flag.acknowledged?.by}
          </span>
        ) : (
          onAcknowledge && (
            <button
              type="button"
              className="link"
              data-testid="acknowledge"
              onClick={onAcknowledge}
            >
              {t.flags.acknowledge}
            </button>
          )
        )}
      </span>
    </li>
  );
}

function AcknowledgeDialog({ flag, close }: { flag: Flag; close: () => void }) {
  const [comment, setComment] = useState("");
  return (
    <Modal title={t.flags.acknowledgeTitle} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          commit({ kind: "acknowledge", flag: flag.id, comment: comment.trim() });
          close();
        }}
      >
        <p>{flag.message}</p>
        <label className="field">
          {t.flags.comment}
          <textarea
            rows={2}
            maxLength={500}
            data-first-focus=""
            value={comment}
            onChange={(event) => setComment(event.target.value)}
          />
        </label>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={close}>
            {t.common.cancel}
          </button>
          <button type="submit" className="button button-primary" data-testid="acknowledge-confirm">
            {t.flags.acknowledge}
          </button>
        </div>
      </form>
    </Modal>
  );
}

export function sliceWords(data: ViewerState, key: string | null): string {
  for (const acquisition of data.acquisitions) {
    const slice = acquisition.slices.find((s) => s.key === key);
    if (slice)
      return t.words.slice(t.conditions[acquisition.condition], t.positions[slice.position]);
  }
  return "";
}

/** Bring the place of a doubt in front of the reader: its cell large, its segment chosen. */
function showFlag(data: ViewerState, flag: Flag): void {
  const holds = data.acquisitions
    .flatMap((a) => a.slices)
    .find(
      (s) => s.key === flag.slice || s.sectors.some((sector) => sector.segment === flag.segment),
    );
  display.setState((s) => ({
    segment: flag.segment ?? s.segment,
    enlarged: s.enlarged && holds ? holds.key : s.enlarged,
  }));
  const cell = document.querySelector<HTMLElement>(`[data-slice="${holds?.key}"] .cell-view`);
  cell?.focus();
  cell?.animate([{ outlineColor: "transparent" }, { outlineColor: "#62b0ff" }], {
    duration: 300,
    iterations: 3,
  });
}
