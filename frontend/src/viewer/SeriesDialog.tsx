import { type FormEvent, useCallback, useEffect, useState } from "react";
import { getJson, postJson } from "../api/client.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import type { SeriesCorrection, SourceSeries } from "../api/studyTypes.ts";
import { announce } from "../shared/dom.ts";
import { t } from "../shared/strings.ts";
import { message, openStudy } from "../store/study.ts";
import { Modal } from "./Modal.tsx";

/** What each series was taken for and why, and the means to say otherwise. */
export function SeriesDialog({ data, close }: { data: ViewerState; close: () => void }) {
  const [series, setSeries] = useState<SourceSeries[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [editing, setEditing] = useState<number | null>(null);
  const studyId = data.study.id;
  const load = useCallback(() => {
    getJson<SourceSeries[]>(`/api/studies/${studyId}/series/`)
      .then(setSeries)
      .catch((cause) => setError(message(cause)));
  }, [studyId]);
  useEffect(load, [load]);

  const save = async (id: number, correction: SeriesCorrection | null, reason: string) => {
    try {
      setError(null);
      await postJson(`/api/series/${id}/correction/`, { correction, reason });
      setEditing(null);
      load();
      announce(t.series.saved);
      await openStudy(studyId);
    } catch (cause) {
      setError(message(cause));
    }
  };

  return (
    <Modal title={t.series.title} close={close} wide testId="series-dialog">
      <p className="muted">{t.series.intro}</p>
      {error && (
        <p className="notice notice-danger" role="alert">
          {error}
        </p>
      )}
      {!series && !error && <p className="muted">{t.common.loading}</p>}
      <ul className="series-list">
        {series?.map((one) => (
          <li key={one.id} data-testid={`series-${one.id}`}>
            <div className="series-line">
              <strong>
                {one.number ?? "–"} {one.description || one.modality}
              </strong>
              <span className="muted">{t.source.images(one.image_urls.length)}</span>
              <Decision series={one} />
              {data.can_classify && editing !== one.id && (
                <button type="button" className="link" onClick={() => setEditing(one.id)}>
                  {t.series.set}
                </button>
              )}
            </div>
            {editing === one.id && (
              <CorrectionForm
                series={one}
                save={(correction, reason) => save(one.id, correction, reason)}
                cancel={() => setEditing(null)}
              />
            )}
          </li>
        ))}
      </ul>
    </Modal>
  );
}

function Decision({ series }: { series: SourceSeries }) {
  const { classification: found } = series;
  if (!found) return null;
  const kind = t.series.kinds[found.kind as keyof typeof t.series.kinds] ?? found.kind;
  const words = [
    kind,
    found.used ? t.conditions[found.condition].toLowerCase() : "",
    found.used ? found.positions.join(", ") : "",
  ];
  return (
    <>
      <span className={found.used ? "chip chip-ok" : "chip"}>
        {found.used ? t.series.used : t.series.notUsed}
      </span>
      <span>{words.filter(Boolean).join(" · ")}</span>
      {series.correction && (
        <span className="badge badge-edit">✎ {t.series.byHand(series.corrected_by ?? "")}</span>
      )}
      {found.reason && <span className="muted">{found.reason}</span>}
      {(found.evidence.length > 0 || found.flags.length > 0) && (
        <details>
          <summary className="muted">{t.series.evidence}</summary>
          <ul className="evidence">
            {[...found.flags.map((flag) => `▲ ${flag.message}`), ...found.evidence].map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

const ROLES = ["sr", "aif", "pd", "gd", "aif_gd", "map", "other"] as const;
const POSITIONS = ["basal", "mid", "apical"] as const;
const CONDITIONS = ["stress", "rest", "unknown"] as const;

function CorrectionForm({
  series,
  save,
  cancel,
}: {
  series: SourceSeries;
  save: (correction: SeriesCorrection | null, reason: string) => void;
  cancel: () => void;
}) {
  const [wanted, setWanted] = useState<SeriesCorrection>(series.correction ?? {});
  const [reason, setReason] = useState("");
  const choose = (name: "role" | "condition" | "position", value: string) => {
    const { [name]: _, ...rest } = wanted;
    setWanted(value ? { ...rest, [name]: value } : rest);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save(Object.keys(wanted).length > 0 ? wanted : null, reason.trim());
  };
  return (
    <form className="series-form" onSubmit={submit}>
      <Choice
        label={t.series.kind}
        value={wanted.role ?? ""}
        options={ROLES.map((role) => [role, t.series.kinds[role]])}
        choose={(value) => choose("role", value)}
      />
      <Choice
        label={t.series.condition}
        value={wanted.condition ?? ""}
        options={CONDITIONS.map((condition) => [condition, t.conditions[condition]])}
        choose={(value) => choose("condition", value)}
      />
      <Choice
        label={t.series.position}
        value={wanted.position ?? ""}
        options={POSITIONS.map((position) => [position, t.positions[position]])}
        choose={(value) => choose("position", value)}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={wanted.excluded ?? false}
          onChange={(event) => {
            const { excluded: _, ...rest } = wanted;
            setWanted(event.target.checked ? { ...rest, excluded: true } : rest);
          }}
        />
        {t.series.leaveOut}
      </label>
      <label className="field">
        {t.series.reason}
        <input
          required
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      <div className="dialog-actions">
        {series.correction && (
          <button type="button" className="button" onClick={() => setWanted({})}>
            {t.series.back}
          </button>
        )}
        <button type="button" className="button" onClick={cancel}>
          {t.common.cancel}
        </button>
        <button type="submit" className="button button-primary">
          {t.series.save}
        </button>
      </div>
    </form>
  );
}

function Choice({
  label,
  value,
  options,
  choose,
}: {
  label: string;
  value: string;
  options: [string, string][];
  choose: (value: string) => void;
}) {
  return (
    <label className="field">
      {label}
      <select value={value} onChange={(event) => choose(event.target.value)}>
        <option value="">{t.series.asDecided}</option>
        {options.map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
