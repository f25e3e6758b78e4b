import type { ReportText } from "../api/readingTypes.ts";
import { t } from "../shared/strings.ts";

/** Sentences made from the numbers; a click puts one into the text, nothing else does. */
export function Suggestions({
  sentences,
  field,
  text,
  insert,
}: {
  sentences: readonly string[];
  field: keyof ReportText;
  text: string;
  insert: (sentence: string) => void;
}) {
  if (sentences.length === 0) return null;
  return (
    <details className="suggestion-box" data-testid={`suggest-${field}`}>
      <summary className="muted" title={t.assess.suggestions.hint}>
        {t.assess.suggestions.title}
      </summary>
      <ul className="suggestions">
        {sentences.map((sentence) => (
          <li key={sentence}>
            <button
              type="button"
              aria-label={t.assess.suggestions.insert(sentence)}
              disabled={text.includes(sentence)}
              onClick={() => insert(sentence)}
            >
              {sentence}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
