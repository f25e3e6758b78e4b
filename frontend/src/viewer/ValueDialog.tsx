import { type FormEvent, useState } from "react";
import type { ViewerState } from "../api/readingTypes.ts";
import { FLOW_LIMIT, formatNumber, parseFlow } from "../logic/numbers.ts";
import { t } from "../shared/strings.ts";
import { commit } from "../store/study.ts";
import type { ValueEditRequest } from "./context.ts";
import { ExcludeForm } from "./ExcludeForm.tsx";
import { Modal } from "./Modal.tsx";

/** Type a value with a reason, mark a segment non-diagnostic, or go back to what was measured. */
export function ValueDialog({
  data,
  request,
  close,
}: {
  data: ViewerState;
  request: ValueEditRequest;
  close: () => void;
}) {
  const { condition, segment } = request;
  const row = data.table.find((candidate) => candidate.segment === segment);
  const value = row?.[condition] ?? null;
  const acquisition = data.acquisitions.find((a) => a.condition === condition);
  const relative = acquisition?.quantity === "relative_upslope";
  const unit = acquisition?.unit ?? t.units.mbf;
  const [text, setText] = useState(request.typed || formatValue(value?.value));
  const [choice, setChoice] = useState<string>("");
  const [details, setDetails] = useState("");
  const [excluding, setExcluding] = useState(false);
  const [error, setError] = useState<{ field: "value" | "reason"; words: string } | null>(null);

  const reason = [choice === t.edit.otherReason ? "" : choice, details.trim()]
    .filter(Boolean)
    .join(": ");
  const withReason = (send: () => void) => {
    if (!reason) {
      setError({ field: "reason", words: t.edit.noReason });
      return;
    }
    send();
    close();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const parsed = parseFlow(text);
    if (!parsed.ok) return setError({ field: "value", words: t.edit.noNumber });
    if (parsed.value > FLOW_LIMIT) return setError({ field: "value", words: t.edit.outOfRange });
    withReason(() => commit({ kind: "override", condition, segment, value: parsed.value, reason }));
  };
  const excluded = value?.source === "excluded";

  return (
    <Modal
      title={t.edit.title(
        t.conditions[condition],
        relative ? t.bullseye.upslope : "MBF",
        segment,
        row?.name ?? "",
      )}
      close={close}
      testId="value-dialog"
    >
      {excluding ? (
        <ExcludeForm
          data={data}
          condition={condition}
          segment={segment}
          back={() => setExcluding(false)}
          close={close}
        />
      ) : (
        <form onSubmit={submit} noValidate>
          <dl className="facts">
            <dt>{t.edit.automated}</dt>
            <dd>
              {formatNumber(value?.automated_value)} {unit}
            </dd>
            <dt>{t.edit.now}</dt>
            <dd>
              {formatNumber(value?.value)} {unit}
            </dd>
          </dl>
          {excluded && value?.not_measured_reason && (
            <p className="notice notice-warn">{value.not_measured_reason}</p>
          )}
          <label className="field">
            {t.edit.value(unit)}
            <input
              data-first-focus=""
              inputMode="decimal"
              autoComplete="off"
              data-testid="value-input"
              value={text}
              aria-invalid={error?.field === "value"}
              aria-describedby={error?.field === "value" ? "value-error" : undefined}
              onFocus={(event) => request.typed || event.target.select()}
              onChange={(event) => setText(event.target.value)}
            />
          </label>
          <label className="field">
            {t.edit.reason}
            <select
              value={choice}
              data-testid="value-reason"
              aria-invalid={error?.field === "reason"}
              aria-describedby={error?.field === "reason" ? "value-error" : undefined}
              onChange={(event) => setChoice(event.target.value)}
            >
              <option value="">–</option>
              {t.edit.reasons.map((option) => (
                <option key={option}>{option}</option>
              ))}
              <option>{t.edit.otherReason}</option>
            </select>
          </label>
          <label className="field">
            {t.edit.details}
            <input
              maxLength={300}
              value={details}
              data-testid="value-details"
              onChange={(event) => setDetails(event.target.value)}
            />
          </label>
          {error && (
            <p id="value-error" className="notice notice-danger" role="alert">
              {error.words}
            </p>
          )}
          <p className="muted">{t.edit.note}</p>
          <div className="dialog-actions">
            {value?.source === "typed" && (
              <button
                type="button"
                className="button"
                data-testid="value-reset"
                onClick={() => {
                  commit({ kind: "override_reset", condition, segment });
                  close();
                }}
              >
                {t.edit.reset}
              </button>
            )}
            <button
              type="button"
              className="button"
              data-testid="value-exclude"
              onClick={() => {
                if (!excluded) return setExcluding(true);
                commit({
                  kind: "segment_status",
                  condition,
                  segment,
                  status: "diagnostic",
                  reason: "",
                });
                close();
              }}
            >
              {excluded ? t.edit.include : t.assess.exclude.open}
            </button>
            <span className="spacer" />
            <button type="button" className="button" onClick={close}>
              {t.common.cancel}
            </button>
            <button type="submit" className="button button-primary" data-testid="value-apply">
              {t.edit.apply}
            </button>
          </div>
        </form>
      )}
    </Modal>
  );
}

function formatValue(value: number | null | undefined): string {
  return value === null || value === undefined ? "" : formatNumber(value);
}
