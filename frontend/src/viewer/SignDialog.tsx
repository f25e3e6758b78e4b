import { type FormEvent, useState } from "react";
import { useStore } from "zustand";
import { studyApi } from "../api/addresses.ts";
import { postJson } from "../api/client.ts";
import type { EditResult, SignRequest, ViewerState } from "../api/readingTypes.ts";
import { isOpen } from "../logic/flags.ts";
import { formatNumber } from "../logic/numbers.ts";
import { formatDate } from "../shared/dates.ts";
import { t } from "../shared/strings.ts";
import { applyResult, message, openStudy, study } from "../store/study.ts";
import { sliceWords } from "./FlagsPanel.tsx";
import { Identity } from "./Header.tsx";
import { Modal } from "./Modal.tsx";
import { valueChanges } from "./words.ts";

const SOURCE_WORDS = {
  typed: t.table.typedMark,
  contour: t.table.contourMark,
  excluded: t.table.excludedMark,
  automated: "",
} as const;

export function SignDialog({ data, close }: { data: ViewerState; close: () => void }) {
  const [password, setPassword] = useState("");
  const [meaning, setMeaning] = useState<SignRequest["meaning"]>("author");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const unsaved = useStore(study, (s) => s.waiting.length > 0);
  const changes = valueChanges(data.table);
  const edited = data.acquisitions.flatMap((a) =>
    a.slices
      .filter((s) => s.edited)
      .map((s) =>
        t.words.contour(t.words.slice(t.conditions[a.condition], t.positions[s.position])),
      ),
  );
  const open = data.flags.filter((f) => f.severity !== "information" && isOpen(f)).length;
  const global = data.table.find((row) => row.segment === "GLOBAL");

  const sign = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const pressed = (event.nativeEvent as SubmitEvent).submitter as HTMLButtonElement | null;
    const next = pressed?.value === "next" ? data.next_study_id : null;
    setBusy(true);
    setError(null);
    try {
      let reading = study.getState().data?.reading ?? null;
      if (!reading) {
        const opened = await postJson<EditResult>(`${studyApi(data.study.id)}/readings/`, {});
        applyResult(opened);
        reading = opened.reading;
      }
      const body: SignRequest = { base_revision: reading.revision, password, meaning };
      applyResult(await postJson<EditResult>(`/api/readings/${reading.id}/sign/`, body));
      if (next !== null) return location.assign(`/studies/${next}/`);
      await openStudy(data.study.id);
      close();
    } catch (cause) {
      setError(message(cause));
      setPassword("");
    } finally {
      setBusy(false);
    }
  };

  return (
    <Modal title={t.sign.title} close={close} testId="sign-dialog">
      <form onSubmit={sign}>
        <Identity data={data} />
        <h3>{t.sign.what}</h3>
        {global && (
          <p>
            {t.sign.globals}:{" "}
            {(["stress", "rest", "unknown"] as const)
              .filter((c) => global[c])
              .map((c) => `${t.conditions[c].toLowerCase()} ${formatNumber(global[c]?.value)}`)
              .join(", ")}{" "}
            {data.acquisitions[0]?.unit}
            {global.mpr?.value != null && `, ${t.units.ratio} ${formatNumber(global.mpr.value)}`}
          </p>
        )}
        <Entered data={data} />
        {changes.length + edited.length === 0 ? (
          <p className="muted">{t.sign.noEdits}</p>
        ) : (
          <ul className="edit-list" data-testid="sign-edits">
            {edited.map((words) => (
              <li key={words}>{words}</li>
            ))}
            {changes.map((change) => (
              <li key={`${change.condition}${change.segment}`}>
                {t.conditions[change.condition]} {change.segment} {change.name}:{" "}
                <s>{formatNumber(change.automated)}</s> {formatNumber(change.final)} (
                {SOURCE_WORDS[change.source]})
              </li>
            ))}
          </ul>
        )}
        {open > 0 && (
          <p className="notice notice-warn" role="alert">
            {t.sign.open(open)}
          </p>
        )}
        {unsaved && <p className="notice notice-warn">{t.sign.unsaved}</p>}
        <fieldset className="choices">
          <legend>{t.sign.meaning}</legend>
          {(["author", "reviewer", "approval"] as const).map((name) => (
            <label key={name}>
              <input
                type="radio"
                name="meaning"
                value={name}
                checked={meaning === name}
                onChange={() => setMeaning(name)}
              />
              {t.sign.meanings[name]}
            </label>
          ))}
        </fieldset>
        <label className="field">
          {t.sign.password}
          <input
            type="password"
            autoComplete="current-password"
            required
            value={password}
            data-testid="sign-password"
            data-first-focus=""
            onChange={(event) => setPassword(event.target.value)}
          />
        </label>
        {error && (
          <p className="notice notice-danger" role="alert">
            {error}
          </p>
        )}
        <p className="muted">{t.sign.frozen}</p>
        <div className="dialog-actions">
          <button type="button" className="button" onClick={close}>
            {t.common.cancel}
          </button>
          {/* First of the two, so that Enter signs and stays. */}
          <button
            type="submit"
            className="button button-primary"
            data-testid="sign-confirm"
            disabled={busy || unsaved || open > 0 || !password}
          >
            {t.sign.sign}
          </button>
          {data.next_study_id !== null && (
            <button
              type="submit"
              value="next"
              className="button"
              data-testid="sign-next"
              disabled={busy || unsaved || open > 0 || !password}
            >
              {t.sign.signNext}
            </button>
          )}
        </div>
      </form>
    </Modal>
  );
}

/** What was scored and entered beside values and contours, in one line each. */
function Entered({ data }: { data: ViewerState }) {
  const { summary, entered } = data;
  const { burden } = summary;
  const lines = [
    burden && t.assess.scores.burden(burden.segments, burden.percent_of_lv),
    summary.adequacy.judgement &&
      `${t.assess.adequacy}: ${summary.adequacy.judgement.replace("_", " ")}`,
    ...Object.entries(entered.quality).map(
      ([key, { grade }]) => `${t.assess.quality}: ${sliceWords(data, key)} ${grade}`,
    ),
    entered.territories.preset !== "standard" && summary.territories,
    entered.comparison.reading &&
      `${t.assess.prior.title}: ${formatDate(entered.comparison.study_date ?? null)}`,
    ...summary.warnings,
  ].filter((line) => typeof line === "string");
  if (lines.length === 0) return null;
  return (
    <ul className="edit-list" data-testid="sign-entered">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
