import { useEffect, useRef, useState } from "react";
import type { Condition } from "../api/basicTypes.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { t } from "../shared/strings.ts";
import { commit } from "../store/study.ts";

const words = t.assess.exclude;

/** Mark a segment as not diagnostic, with reasons of a list and words. */
export function ExcludeForm({
  data,
  condition,
  segment,
  back,
  close,
}: {
  data: ViewerState;
  condition: Condition;
  segment: number;
  back: () => void;
  close: () => void;
}) {
  const [causes, setCauses] = useState<string[]>([]);
  const [note, setNote] = useState("");
  const [error, setError] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  // The button that led here is gone, and the focus with it.
  useEffect(() => form.current?.querySelector("input")?.focus(), []);
  return (
    <form
      ref={form}
      data-testid="exclude-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (causes.length === 0) return setError(words.needed);
        if (causes.includes("other") && !note.trim()) return setError(words.otherNeedsWords);
        commit({
          kind: "segment_status",
          condition,
          segment,
          status: "non_diagnostic",
          causes,
          reason: note.trim(),
        });
        close();
      }}
    >
      <fieldset className="choices">
        <legend>{words.title}</legend>
        {data.vocabulary.causes.map(([cause, meaning]) => (
          <label key={cause}>
            <input
              type="checkbox"
              data-testid={`cause-${cause}`}
              checked={causes.includes(cause)}
              onChange={(event) =>
                setCauses(
                  event.target.checked ? [...causes, cause] : causes.filter((c) => c !== cause),
                )
              }
            />{" "}
            {meaning}
          </label>
        ))}
      </fieldset>
      <label className="field">
        {words.note}
        <input maxLength={300} value={note} onChange={(event) => setNote(event.target.value)} />
      </label>
      {error && (
        <p className="notice notice-danger" role="alert">
          {error}
        </p>
      )}
      <div className="dialog-actions">
        <button type="button" className="button" onClick={back}>
          {words.back}
        </button>
        <span className="spacer" />
        <button type="button" className="button" onClick={close}>
          {t.common.cancel}
        </button>
        <button type="submit" className="button button-primary" data-testid="exclude-apply">
          {words.apply}
        </button>
      </div>
    </form>
  );
}
