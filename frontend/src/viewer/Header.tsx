import { useEffect, useRef } from "react";
import { useStore } from "zustand";
import { type Places, placesBeside } from "../api/addresses.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { modelWords } from "../logic/modes.ts";
import { formatDate, formatDateTime, formatTime } from "../shared/dates.ts";
import { t } from "../shared/strings.ts";
import { commit, mayEdit, study } from "../store/study.ts";
import { type DialogName, useViewer } from "./context.ts";

export function Header({ data, worklistUrl }: { data: ViewerState; worklistUrl: string }) {
  const { openDialog } = useViewer();
  const reading = data.reading;
  const busy = useStore(study, (s) => s.waiting.length > 0);
  const editable = mayEdit(data);
  const places = placesBeside();
  return (
    <header className="room-header">
      <a className="brand" href={worklistUrl}>
        {t.product}
      </a>
      <nav aria-label={places.ofCase ? t.header.list : t.header.worklist}>
        <a href={worklistUrl} className="crumb">
          {places.ofCase ? t.header.list : t.header.worklist}
        </a>
      </nav>
      <Identity data={data} heading />
      <RunFacts data={data} />
      <SyncState data={data} />
      <div className="header-actions">
        {reading?.state !== "signed" && (
          <>
            <button
              type="button"
              className="button"
              data-testid="undo"
              aria-label={t.header.undo}
              disabled={!editable || !reading?.can_undo || busy}
              onClick={() => commit({ kind: "undo" })}
            >
              <span aria-hidden="true">↶</span> <span className="wide-only">{t.header.undo}</span>
            </button>
            <button
              type="button"
              className="button"
              data-testid="redo"
              aria-label={t.header.redo}
              disabled={!editable || !reading?.can_redo || busy}
              onClick={() => commit({ kind: "redo" })}
            >
              <span aria-hidden="true">↷</span> <span className="wide-only">{t.header.redo}</span>
            </button>
          </>
        )}
        {!places.ofCase && (
          <button type="button" className="button" onClick={() => openDialog("source")}>
            {t.header.source}
          </button>
        )}
        {reading && (
          <>
            <button type="button" className="button" onClick={() => openDialog("history")}>
              {t.header.history}
            </button>
            <a
              className="button"
              data-testid="pdf"
              href={`/api/readings/${reading.id}/report.pdf`}
              target="_blank"
              rel="noreferrer"
            >
              {t.header.pdf}
            </a>
          </>
        )}
        <MoreMenu hasReading={reading !== null} places={places} />
        {reading?.state === "signed" ? (
          <>
            {data.can_sign && (
              <button
                type="button"
                className="button"
                data-testid="addendum"
                onClick={() => openDialog("addendum")}
              >
                {t.header.addendum}
              </button>
            )}
            {data.next_study_id !== null && (
              <a className="button button-primary" href={`/studies/${data.next_study_id}/`}>
                {t.header.next}
              </a>
            )}
          </>
        ) : (
          <button
            type="button"
            className="button button-primary"
            data-testid="sign"
            disabled={!editable || !data.can_sign}
            title={data.can_sign ? undefined : t.sign.notAllowed}
            onClick={() => openDialog("sign")}
          >
            {t.header.sign}
          </button>
        )}
      </div>
    </header>
  );
}

function MoreMenu({ hasReading, places }: { hasReading: boolean; places: Places }) {
  const { openDialog } = useViewer();
  const menu = useRef<HTMLDetailsElement>(null);
  const open = (name: DialogName) => {
    if (menu.current) menu.current.open = false;
    openDialog(name);
  };
  // A click elsewhere or Escape closes the menu, as people expect of one.
  useEffect(() => {
    const close = (event: Event) => {
      const node = menu.current;
      if (!node?.open || (event instanceof KeyboardEvent && event.key !== "Escape")) return;
      if (event.type === "pointerdown" && node.contains(event.target as Node)) return;
      node.open = false;
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, []);
  return (
    <details ref={menu} className="menu">
      <summary className="button" data-testid="more">
        {t.header.more}
      </summary>
      <div className="menu-items panel">
        {hasReading && (
          <button type="button" data-testid="compare" onClick={() => open("compare")}>
            {t.header.compare}
          </button>
        )}
        <button type="button" data-testid="models" onClick={() => open("models")}>
          {t.models.menu}
        </button>
        {!places.ofCase && (
          <button type="button" data-testid="series" onClick={() => open("series")}>
            {t.header.series}
          </button>
        )}
        <button type="button" data-testid="keys" onClick={() => open("keys")}>
          {t.header.help}
        </button>
        {places.deidentified && (
          <a href={places.deidentified} download>
            {t.header.deidentified}
          </a>
        )}
        {places.trail && <a href={places.trail}>{t.header.trail}</a>}
        {places.erase && <a href={places.erase}>{t.header.erase}</a>}
      </div>
    </details>
  );
}

/**
 * Name, ID, birth date, study date and accession number: never hidden, whatever else is. Of a
 * blinded case the server sends its number alone.
 */
export function Identity({ data, heading = false }: { data: ViewerState; heading?: boolean }) {
  const { study: facts } = data;
  const Name = heading ? "h1" : "strong";
  return (
    <div className="identity" role="group" aria-label={t.header.identity} data-testid="identity">
      <Name className="identity-name">{facts.patient_name || facts.patient_id}</Name>
      {(!placesBeside().ofCase || facts.patient_id) && <IdentityFacts facts={facts} />}
    </div>
  );
}

function IdentityFacts({ facts }: { facts: ViewerState["study"] }) {
  return (
    <>
      <span>
        {t.header.id} {facts.patient_id}
      </span>
      <span>
        {facts.sex && `${facts.sex} · `}
        {t.header.born} {formatDate(facts.birth_date) || "–"}
      </span>
      <span>
        {t.header.study} {formatDate(facts.study_date) || "–"}
      </span>
      <span>
        {t.header.accession} {facts.accession_number || "–"}
      </span>
      <span className="muted">{facts.site}</span>
    </>
  );
}

function RunFacts({ data }: { data: ViewerState }) {
  const first = data.acquisitions[0];
  if (!data.run || !first) return null;
  const facts = [
    t.header.sequences[first.sequence],
    first.sequence === "map" ? "" : modelWords(first.model),
    first.field_strength_t === null ? "" : `${first.field_strength_t} T`,
    t.header.pipeline(data.run.pipeline_version),
  ];
  return (
    <span
      className="chip chip-facts"
      title={[data.study.description, ...facts].filter(Boolean).join(" · ")}
    >
      {facts.filter(Boolean).join(" · ")}
    </span>
  );
}

function SyncState({ data }: { data: ViewerState }) {
  const sync = useStore(study, (s) => s.sync);
  const waiting = useStore(study, (s) => s.waiting.length);
  const { reading } = data;
  const [words, tone] = (() => {
    if (sync === "offline") return [t.reading.offline(waiting), "chip-danger"] as const;
    if (sync === "signed-out") return [t.reading.signedOut(waiting), "chip-danger"] as const;
    if (sync === "saving" || waiting > 0) return [t.reading.saving, "chip-warn"] as const;
    if (!reading) return [t.reading.none, ""] as const;
    if (reading.state === "signed") {
      return [
        t.reading.signed(reading.signed_by ?? "", formatDateTime(reading.signed_at)),
        "chip-ok",
      ] as const;
    }
    if (!reading.editable) return [t.reading.draftOf(reading.reader), ""] as const;
    return [t.reading.saved(formatTime(reading.saved_at)), "chip-warn"] as const;
  })();
  return (
    <span
      className={`chip ${tone}`}
      role="status"
      data-testid="sync-state"
      data-sync={sync}
      title={words}
    >
      {words}
    </span>
  );
}
