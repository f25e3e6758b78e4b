import { useState } from "react";
import type { ClinicalField } from "../api/assess.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { entryOf, withEntry } from "../logic/entry.ts";
import { formatError, formatNumber } from "../logic/numbers.ts";
import { t } from "../shared/strings.ts";
import { commit, mayEdit, study } from "../store/study.ts";
import { QualityPart } from "./QualityPart.tsx";
import { TerritoriesPart } from "./TerritoriesPart.tsx";

const words = t.assess;
const PAIRED = ["heart_rate", "systolic", "diastolic"] as const;
const PAIR_WORDS = {
  heart_rate: words.heartRate,
  systolic: words.systolic,
  diastolic: words.diastolic,
};
const BEFORE = ["stress_agent", "stress_dose"];
const AFTER = [
  "symptoms",
  "symptoms_note",
  "caffeine",
  "splenic_switch_off",
  "contrast_agent",
  "contrast_dose",
  "weight",
  "height",
];

/** How the examination was made: header of the report, adequacy, quality, territories. */
export function ClinicalPanel({ data }: { data: ViewerState }) {
  const field = (name: string) => <FieldOf key={name} name={name} data={data} />;
  const { summary } = data;
  return (
    <section className="clinical" data-testid="clinical" aria-label={t.panels.clinical}>
      <h3 className="panel-title">{words.examination}</h3>
      <div className="clinical-form">{BEFORE.map(field)}</div>
      <table className="clinical-pairs">
        <thead>
          <tr>
            <td />
            <th scope="col">{words.rest}</th>
            <th scope="col">{words.stress}</th>
          </tr>
        </thead>
        <tbody>
          {PAIRED.map((name) => (
            <tr key={name}>
              <th scope="row">{PAIR_WORDS[name]}</th>
              {(["rest", "stress"] as const).map((condition) => (
                <td key={condition}>
                  <FieldOf name={`${name}_${condition}`} data={data} bare />
                  {name === "heart_rate" && summary.measured_heart_rate[condition] != null && (
                    <small className="muted">
                      {words.fromImages(summary.measured_heart_rate[condition] ?? 0)}
                    </small>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <div className="clinical-form">{AFTER.map(field)}</div>
      {summary.haematocrit && (
        <p className="muted">{words.haematocrit(summary.haematocrit.value)}</p>
      )}
      {summary.warnings.map((warning) => (
        <p key={warning} className="notice notice-warn">
          {warning}
        </p>
      ))}
      <Adequacy data={data} />
      <Corrected data={data} />
      <References data={data} />
      <QualityPart data={data} />
      <TerritoriesPart data={data} />
    </section>
  );
}

function Adequacy({ data }: { data: ViewerState }) {
  const { criteria, caution } = data.summary.adequacy;
  if (criteria.length === 0) return null;
  return (
    <>
      <h3 className="panel-title">{words.adequacy}</h3>
      <p className="muted">{words.adequacyHint}</p>
      <ul className="criteria" data-testid="criteria">
        {criteria.map(({ words: sentence, says }) => (
          <li key={sentence} data-says={says}>
            <span aria-hidden="true">{{ supports: "✓", against: "✗", open: "○" }[says]}</span>{" "}
            <span>
              {sentence}
              <span className="visually-hidden"> ({words.says[says]})</span>
            </span>
          </li>
        ))}
      </ul>
      {caution && <p className="notice notice-warn">{caution}</p>}
      <div className="clinical-form">
        <FieldOf name="adequacy" data={data} label={words.judgement} />
        <FieldOf name="adequacy_note" data={data} />
      </div>
    </>
  );
}

function Corrected({ data }: { data: ViewerState }) {
  const found = data.summary.rate_pressure;
  const row = found.rows.GLOBAL;
  return (
    <>
      <h3 className="panel-title">{words.corrected}</h3>
      {row ? (
        <p data-testid="corrected">
          {words.correctedRow(
            `${formatNumber(row.rest)} ${formatError(row.rest_error)}`.trim(),
            `${formatNumber(row.mpr)} ${formatError(row.mpr_error)}`.trim(),
          )}{" "}
          <span className="muted">{words.correctedHow(found.reference, found.rest ?? 0)}</span>
        </p>
      ) : (
        <p className="muted">{found.reason}</p>
      )}
    </>
  );
}

export function References({ data }: { data: ViewerState }) {
  const { ranges, reasons } = data.summary.references;
  if (ranges.length + reasons.length === 0) return null;
  return (
    <>
      <h3 className="panel-title">{words.references}</h3>
      <ul className="references">
        {ranges.map((one) => (
          <li key={`${one.condition}${one.source}`}>
            {one.name} {one.condition === "mpr" ? "" : t.conditions[one.condition].toLowerCase()}{" "}
            {formatNumber(one.mean)} ± {formatNumber(one.sd)} {one.unit}{" "}
            <span className="muted">({one.source})</span>
          </li>
        ))}
        {reasons.map((reason) => (
          <li key={reason} className="muted">
            {reason}
          </li>
        ))}
      </ul>
    </>
  );
}

/** One field of the form; what is typed is saved when the field is left. */
function FieldOf({
  name,
  data,
  label,
  bare = false,
}: {
  name: string;
  data: ViewerState;
  label?: string;
  /** The table around it already names it. */
  bare?: boolean;
}) {
  const field = data.vocabulary.clinical.find((one) => one.name === name);
  if (!field) return null;
  const unit =
    name === "stress_dose"
      ? data.vocabulary.dose_units[String(data.entered.clinical.stress_agent ?? "")]
      : field.unit;
  const shown = [label ?? field.words, unit && `(${unit})`].filter(Boolean).join(" ");
  if (name === "stress_dose" && !data.entered.clinical.stress_agent) return null;
  const input = <Input field={field} data={data} label={shown} />;
  if (bare) {
    return (
      <span className="with-unit">
        {input} <small className="muted">{unit}</small>
      </span>
    );
  }
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="field">
      {shown}
      {input}
    </label>
  );
}

function Input({ field, data, label }: { field: ClinicalField; data: ViewerState; label: string }) {
  const editable = mayEdit(data);
  const saved = data.entered.clinical[field.name];
  const [wrong, setWrong] = useState(false);
  const save = (text: string) => {
    const entry = entryOf(field, text);
    setWrong(!entry.ok);
    if (!entry.ok) {
      const sentence =
        entry.why === "number"
          ? words.noNumber(field.words)
          : words.range(field.words, entry.low, entry.high);
      study.setState({ rejected: sentence });
      return;
    }
    if ((saved ?? null) === entry.value) return;
    commit({ kind: "clinical", clinical: withEntry(latest(data), field.name, entry.value) });
  };
  if (field.options) {
    return (
      <select
        aria-label={label}
        data-testid={`clinical-${field.name}`}
        disabled={!editable}
        value={String(saved ?? "")}
        onChange={(event) => save(event.target.value)}
      >
        <option value="">{words.none}</option>
        {field.options.map(([value, meaning]) => (
          <option key={value} value={value}>
            {meaning}
          </option>
        ))}
      </select>
    );
  }
  return (
    <input
      key={String(saved ?? "")}
      aria-label={label}
      aria-invalid={wrong || undefined}
      data-testid={`clinical-${field.name}`}
      inputMode={field.possible ? "decimal" : "text"}
      maxLength={400}
      readOnly={!editable}
      defaultValue={String(saved ?? "")}
      onBlur={(event) => save(event.target.value)}
    />
  );
}

/** What is entered, with edits that are still on their way: two quick fields must not undo each other. */
function latest(data: ViewerState) {
  const last = study.getState().waiting.findLast((edit) => edit.kind === "clinical");
  return last?.kind === "clinical" ? last.clinical : data.entered.clinical;
}
