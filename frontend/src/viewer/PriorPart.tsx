import { useEffect } from "react";
import { useStore } from "zustand";
import type { ViewerState } from "../api/readingTypes.ts";
import { formatDate } from "../shared/dates.ts";
import { t } from "../shared/strings.ts";
import { loadPriors, priors } from "../store/priors.ts";
import { commit, mayEdit } from "../store/study.ts";

/** Choose the earlier exam that the report compares with. */
export function PriorPart({ data }: { data: ViewerState }) {
  const list = useStore(priors, (s) => s.list);
  const revision = data.reading?.revision;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the differences follow the revision
  useEffect(() => {
    void loadPriors();
  }, [revision]);
  const chosen = data.entered.comparison.reading ?? null;
  const prior = list?.find((one) => one.reading === chosen);
  return (
    <section aria-label={t.assess.prior.title} data-testid="priors">
      <h3 className="panel-title">{t.assess.prior.title}</h3>
      {list?.length === 0 && <p className="muted">{t.assess.prior.none}</p>}
      {list && list.length > 0 && (
        <label className="field">
          {t.assess.prior.choose}
          <select
            data-testid="prior"
            disabled={!mayEdit(data)}
            value={chosen ?? ""}
            onChange={(event) =>
              commit({ kind: "comparison", prior: Number(event.target.value) || null })
            }
          >
            <option value="">{t.assess.prior.not}</option>
            {list.map((one) => (
              <option key={one.reading} value={one.reading}>
                {t.assess.prior.one(formatDate(one.study_date), one.signed_by)}
              </option>
            ))}
          </select>
        </label>
      )}
      {prior?.unlike && <p className="notice notice-warn">{prior.unlike}</p>}
      {prior && (
        <a href={`/studies/${prior.study}/`} target="_blank" rel="noreferrer">
          {t.assess.prior.open}
        </a>
      )}
    </section>
  );
}
