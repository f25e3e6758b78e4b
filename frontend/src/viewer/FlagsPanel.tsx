import { useState } from "react";
import { useStore } from "zustand";
import type { Flag } from "../api/analysisTypes.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { type FlagGroup, groupFlags, isOpen } from "../logic/flags.ts";
import { formatDateTime } from "../shared/dates.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { commit, mayEdit, study } from "../store/study.ts";
import { Modal } from "./Modal.tsx";

const SIGN = { invalid: "✖", check: "▲", information: "ℹ" } as const;

/** Doubts first: those that can change a number must be answered before signing. */
export function FlagsPanel({ data }: { data: ViewerState }) {
  const [answering, setAnswering] = useState<Flag[] | null>(null);
  const waiting = useStore(study, (s) => s.waiting);
  const onTheirWay = new Set(
    waiting.flatMap((edit) => (edit.kind === "acknowledge" ? edit.flags : [])),
  );
  const groups = groupFlags(data.flags);
  const toAnswer = groups.filter((group) => group.severity !== "information");
  const information = groups.filter((group) => group.severity === "information");
  const count = (list: FlagGroup[], of: "flags" | "open") =>
    list.reduce((sum, group) => sum + group[of].length, 0);
  const all = count(toAnswer, "flags");
  const editable = mayEdit(data);
  const openNow = toAnswer
    .flatMap((group) => group.open)
    .filter((flag) => !onTheirWay.has(flag.id));
  const line = (group: FlagGroup) => (
    <GroupLine
      key={group.severity + group.code}
      group={group}
      data={data}
      answer={
        editable && group.severity !== "information"
          ? (flags) => setAnswering(flags.filter((flag) => !onTheirWay.has(flag.id)))
          : null
      }
      busy={onTheirWay}
    />
  );
  return (
    <section className="flags panel" aria-labelledby="flags-title" data-testid="flags">
      <div className="flags-head">
        <h2 id="flags-title" className="panel-title">
          {t.flags.title}
          {all > 0 && ` · ${t.flags.count(all - count(toAnswer, "open"), all)}`}
        </h2>
        {editable && openNow.length > 1 && (
          <button
            type="button"
            className="link"
            data-testid="acknowledge-all"
            onClick={() => setAnswering(openNow)}
          >
            {t.flags.acknowledgeEvery(openNow.length)}
          </button>
        )}
      </div>
      {all === 0 && <p className="muted">{t.flags.none}</p>}
      <ul>{toAnswer.map(line)}</ul>
      {information.length > 0 && (
        <details>
          <summary className="muted">{t.flags.more(count(information, "flags"))}</summary>
          <ul>{information.map(line)}</ul>
        </details>
      )}
      {answering && (
        <AcknowledgeDialog data={data} flags={answering} close={() => setAnswering(null)} />
      )}
    </section>
  );
}

interface LineProps {
  data: ViewerState;
  answer: ((flags: Flag[]) => void) | null;
  /** Flags whose answer is on its way to the server. */
  busy: ReadonlySet<string>;
}

function GroupLine({ group, data, answer, busy }: LineProps & { group: FlagGroup }) {
  const first = group.open[0] ?? group.flags[0];
  if (!first) return null;
  if (group.flags.length === 1) {
    return <FlagLine flag={first} data={data} answer={answer} busy={busy} />;
  }
  const open = group.open.filter((flag) => !busy.has(flag.id));
  return (
    <li className="flag-group">
      <FlagLine flag={first} data={data} answer={null} busy={busy} as="div">
        {open.length > 0 && answer && (
          <button
            type="button"
            className="link"
            data-testid="acknowledge"
            onClick={() => answer(open)}
          >
            {t.flags.acknowledgeAll(open.length)}
          </button>
        )}
      </FlagLine>
      <details>
        <summary className="muted">{t.flags.others(group.flags.length - 1)}</summary>
        <ul>
          {group.flags
            .filter((flag) => flag !== first)
            .map((flag) => (
              <FlagLine key={flag.id} flag={flag} data={data} answer={answer} busy={busy} />
            ))}
        </ul>
      </details>
    </li>
  );
}

function FlagLine({
  flag,
  data,
  answer,
  busy,
  as: Tag = "li",
  children,
}: LineProps & { flag: Flag; as?: "li" | "div"; children?: React.ReactNode }) {
  const done = !isOpen(flag);
  const place = placeWords(data, flag);
  return (
    <Tag className="flag" data-severity={flag.severity} data-done={done || undefined}>
      <span className="flag-sign" aria-hidden="true">
        {done ? "✓" : SIGN[flag.severity]}
      </span>
      <span className="flag-text">
        {flag.severity === "invalid" && (
          <span className="visually-hidden">{t.flags.invalid}: </span>
        )}
        {place && <strong>{place}: </strong>}
        {flag.message}
      </span>
      <span className="flag-actions">
        {(flag.slice !== null || flag.segment !== null) && (
          <button type="button" className="link" onClick={() => showFlag(data, flag)}>
            {t.flags.show}
          </button>
        )}
        {flag.acknowledged && <Answer given={flag.acknowledged} />}
        {!flag.acknowledged && flag.answered_by_edit && (
          <span className="muted">{t.flags.byEdit}</span>
        )}
        {!done && answer && !busy.has(flag.id) && (
          <button
            type="button"
            className="link"
            data-testid="acknowledge"
            onClick={() => answer([flag])}
          >
            {t.flags.acknowledge}
          </button>
        )}
        {children}
      </span>
    </Tag>
  );
}

function Answer({ given }: { given: NonNullable<Flag["acknowledged"]> }) {
  const words = [t.flags.acknowledged(given.by), formatDateTime(given.at), given.comment];
  return (
    <span className="muted" title={words.filter(Boolean).join(" · ")}>
      <span className="visually-hidden">{t.flags.acknowledged("")}</span>
      {given.by}
    </span>
  );
}

function AcknowledgeDialog({
  data,
  flags,
  close,
}: {
  data: ViewerState;
  flags: Flag[];
  close: () => void;
}) {
  const [comment, setComment] = useState("");
  return (
    <Modal title={t.flags.acknowledgeTitle(flags.length)} close={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const ids = flags.map((flag) => flag.id);
          commit({ kind: "acknowledge", flags: ids, comment: comment.trim() });
          close();
        }}
      >
        <ul className="edit-list">
          {flags.map((flag) => (
            <li key={flag.id}>
              {[placeWords(data, flag), flag.message].filter(Boolean).join(": ")}
            </li>
          ))}
        </ul>
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

/** Where a doubt belongs: slice (else acquisition) and segment; nothing for the whole study. */
function placeWords(data: ViewerState, flag: Flag): string {
  const acquisition = data.acquisitions.find((one) => one.key === flag.acquisition);
  const images = acquisition ? t.conditions[acquisition.condition] : "";
  return [
    flag.slice === null ? images : sliceWords(data, flag.slice),
    flag.segment === null ? "" : t.flags.segment(flag.segment),
  ]
    .filter(Boolean)
    .join(", ");
}

export function sliceWords(data: ViewerState, key: string | null): string {
  for (const acquisition of data.acquisitions) {
    const slice = acquisition.slices.find((s) => s.key === key);
    if (slice) {
      return t.words.slice(t.conditions[acquisition.condition], t.positions[slice.position]);
    }
  }
  return "";
}

/** Bring the place of a doubt in front of the reader: its cell focused, its segment chosen. */
function showFlag(data: ViewerState, flag: Flag): void {
  const slices = data.acquisitions.flatMap((a) => a.slices);
  const holds =
    slices.find((s) => s.key === flag.slice) ??
    slices.find((s) => s.sectors.some((sector) => sector.segment === flag.segment));
  display.setState((s) => ({
    segment: flag.segment ?? s.segment,
    enlarged: s.enlarged && holds ? holds.key : s.enlarged,
  }));
  document.querySelector<HTMLElement>(`[data-slice="${holds?.key}"] .cell-view`)?.focus();
}
