import { type FormEvent, useState } from "react";
import { useStore } from "zustand";
import type { ViewerState } from "../api/readingTypes.ts";
import { parseHaematocrit } from "../logic/numbers.ts";
import { withHaematocrit } from "../logic/repair.ts";
import { t } from "../shared/strings.ts";
import { changeRepair, repairs } from "../store/repair.ts";

/** The study's haematocrit; another one waits with the other changes to the analysis. */
export function Haematocrit({ data }: { data: ViewerState }) {
  const parameters = data.result_run?.parameters;
  const waiting = useStore(repairs, (s) => s.repair?.haematocrit ?? null);
  const [text, setText] = useState<string | null>(null);
  const [error, setError] = useState(false);
  if (!parameters) return null;
  const shown = waiting ?? parameters.haematocrit;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text === null) return;
    const value = parseHaematocrit(text);
    setError(value === null);
    if (value === null) return;
    changeRepair((repair) => withHaematocrit(repair, parameters, value));
    setText(null);
  };
  return (
    <form className="haematocrit" onSubmit={submit}>
      <label>
        {t.haematocrit.label}{" "}
        <input
          inputMode="decimal"
          size={5}
          disabled={!data.can_run}
          data-testid="haematocrit"
          aria-invalid={error}
          aria-describedby="haematocrit-note"
          value={text ?? String(shown)}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      {text !== null && (
        <button type="submit" className="button button-small" data-testid="haematocrit-set">
          {t.haematocrit.set}
        </button>
      )}
      <span id="haematocrit-note" className="muted" role={error ? "alert" : undefined}>
        {error
          ? t.haematocrit.invalid
          : [
              waiting === null && parameters.haematocrit_assumed ? t.haematocrit.assumed : "",
              t.haematocrit.hint,
            ]
              .filter(Boolean)
              .join(" · ")}
      </span>
    </form>
  );
}
