import { useStore } from "zustand";
import type { Score } from "../api/assess.ts";
import type { Condition } from "../api/basicTypes.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { unscored } from "../logic/entry.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { setHot } from "../store/hot.ts";
import { commit, mayEdit, study } from "../store/study.ts";
import { TerritoryMark } from "./SegmentTable.tsx";

const words = t.assess.scores;

/** Visual scores and scar: selects, so that Tab and a digit are enough. */
export function ScoresPanel({ data }: { data: ViewerState }) {
  const editable = mayEdit(data);
  const selected = useStore(display, (s) => s.segment);
  const conditions = (["stress", "rest"] as const).filter((c) => data.table.some((row) => row[c]));
  const rows = data.table.filter((row) => typeof row.segment === "number");
  const segmentsOf = (condition: Condition) =>
    rows.flatMap((row) => (row[condition] ? [row.segment as number] : []));
  return (
    <section className="scores" aria-label={words.title} data-testid="scores">
      <p className="muted" title={words.keys}>
        {words.legend}
      </p>
      {editable && (
        <div className="scores-actions">
          {conditions.map((condition) => {
            const open = unscored(data.entered.visual[condition], segmentsOf(condition));
            return (
              <button
                key={condition}
                type="button"
                className="button button-small"
                data-testid={`normal-${condition}`}
                disabled={open.length === 0}
                onClick={() => commit({ kind: "visual", condition, segments: open, score: 0 })}
              >
                {words.allNormal(t.conditions[condition])}
              </button>
            );
          })}
        </div>
      )}
      <table className="scores-table">
        <thead>
          <tr>
            <th scope="col">{t.table.number}</th>
            <th scope="col">{t.table.segment}</th>
            {conditions.map((c) => (
              <th key={c} scope="col">
                {t.conditions[c]}
              </th>
            ))}
            <th scope="col">{words.scar}</th>
            <th scope="col">{words.note}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const segment = row.segment as number;
            return (
              <tr
                key={segment}
                data-segment={segment}
                aria-selected={segment === selected}
                onPointerEnter={() => setHot(segment)}
                onPointerLeave={() => setHot(null)}
                onFocus={() => {
                  setHot(segment);
                  display.setState({ segment });
                }}
              >
                <td>
                  <TerritoryMark territory={row.territory} /> {segment}
                </td>
                <th scope="row">{row.name}</th>
                {conditions.map((condition) => (
                  <td key={condition}>
                    {row[condition] && (
                      <ScoreSelect data={data} condition={condition} segment={segment} />
                    )}
                  </td>
                ))}
                <Scar data={data} segment={segment} />
              </tr>
            );
          })}
        </tbody>
      </table>
      <Outcome data={data} />
    </section>
  );
}

interface OfSegment {
  data: ViewerState;
  segment: number;
}

function ScoreSelect({ data, condition, segment }: OfSegment & { condition: Condition }) {
  const score = data.entered.visual[condition]?.[String(segment)]?.score;
  return (
    <select
      className="score"
      data-score={score}
      data-testid={`score-${segment}-${condition}`}
      aria-label={words.score(t.conditions[condition], segment)}
      disabled={!mayEdit(data)}
      value={score ?? ""}
      onChange={(event) => {
        const { value } = event.target;
        const chosen = value === "" ? null : (Number(value) as Score);
        commit({ kind: "visual", condition, segments: [segment], score: chosen });
      }}
    >
      <option value="">{t.assess.none}</option>
      {data.vocabulary.scores.map(([value, meaning]) => (
        <option key={value} value={value} title={meaning}>
          {value}
        </option>
      ))}
    </select>
  );
}

function Scar({ data, segment }: OfSegment) {
  const scar = data.entered.scar[String(segment)];
  const editable = mayEdit(data);
  return (
    <>
      <td>
        <select
          data-testid={`scar-${segment}`}
          aria-label={words.scarOf(segment)}
          disabled={!editable}
          value={scar?.transmurality ?? ""}
          onChange={(event) =>
            commit({
              kind: "scar",
              segment,
              transmurality: event.target.value || null,
              note: scar?.note ?? "",
            })
          }
        >
          <option value="">{t.assess.none}</option>
          {data.vocabulary.transmurality.map(([value, meaning]) => (
            <option key={value} value={value} title={meaning}>
              {value} %
            </option>
          ))}
        </select>
      </td>
      <td>
        {scar && (
          <input
            className="scar-note"
            aria-label={words.noteOf(segment)}
            maxLength={200}
            readOnly={!editable}
            defaultValue={scar.note}
            key={scar.revision}
            onBlur={(event) => {
              const note = event.target.value.trim();
              if (note === scar.note) return;
              commit({ kind: "scar", segment, transmurality: scar.transmurality, note });
            }}
          />
        )}
      </td>
    </>
  );
}

/** Sums and burden, as the server computed them. */
function Outcome({ data }: { data: ViewerState }) {
  const { scores, burden } = data.summary;
  const busy = useStore(study, (s) => s.waiting.length > 0);
  const list = (segments: readonly number[]) => segments.join(", ");
  return (
    <div className="scores-outcome" aria-busy={busy} data-testid="burden">
      <dl className="facts facts-across">
        {(["stress", "rest", "difference"] as const).map((name) => (
          <div key={name}>
            <dt>
              <abbr title={words.sumLong[name]}>{words.sum[name]}</abbr>
            </dt>
            <dd>
              {scores[name] ?? "–"}{" "}
              <small className="muted">{words.scored(scores[`${name}_segments`])}</small>
            </dd>
          </div>
        ))}
      </dl>
      {burden ? (
        <>
          <p>
            <strong>{words.burden(burden.segments, burden.percent_of_lv)}</strong>
            {burden.segments > 0 &&
              ` (${list(burden.ischaemic)}): ${words.transmural(
                burden.transmural.length,
                burden.subendocardial.length,
              )}`}
          </p>
          {burden.not_assessable.length > 0 && (
            <p className="notice notice-warn">{words.unclear(list(burden.not_assessable))}</p>
          )}
          {burden.inner_less && burden.inner_less.length > 0 && (
            <p>
              {words.innerLess(
                list(burden.inner_less),
                burden.endo_epi_limit ?? 0,
                burden.endo_epi_source ?? "",
              )}
            </p>
          )}
        </>
      ) : (
        <p className="muted">{words.noBurden}</p>
      )}
    </div>
  );
}
