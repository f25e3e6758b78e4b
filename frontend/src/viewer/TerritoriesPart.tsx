import type { Territories } from "../api/assess.ts";
import type { Territory } from "../api/basicTypes.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { t } from "../shared/strings.ts";
import { commit, mayEdit } from "../store/study.ts";
import { TerritoryMark } from "./SegmentTable.tsx";

const NAMES: Territory[] = ["LAD", "RCA", "LCx"];

/** Which artery a segment counts to: a preset, or segment by segment. */
export function TerritoriesPart({ data }: { data: ViewerState }) {
  const editable = mayEdit(data);
  const { preset } = data.entered.territories;
  const now = new Map(
    data.table.flatMap((row) =>
      typeof row.segment === "number" && row.territory ? [[row.segment, row.territory]] : [],
    ),
  );
  const custom = (changes: Partial<Record<number, Territory>>): Territories => ({
    preset: "custom",
    segments: Object.fromEntries(
      [...now].map(([segment, name]) => [String(segment), changes[segment] ?? name]),
    ),
  });
  const choose = (value: string) =>
    commit({
      kind: "territories",
      territories:
        value === "custom" ? custom({}) : { preset: value as Territories["preset"], segments: {} },
    });
  return (
    <>
      <h3 className="panel-title">{t.assess.territories}</h3>
      <label className="field">
        {t.assess.preset}
        <select
          data-testid="territories"
          disabled={!editable}
          value={preset}
          onChange={(event) => choose(event.target.value)}
        >
          {(["standard", "left", "right", "custom"] as const).map((name) => (
            <option key={name} value={name}>
              {t.assess.presets[name]}
            </option>
          ))}
        </select>
      </label>
      {preset === "custom" && (
        <div className="territory-grid">
          {[...now].map(([segment, name]) => (
            <label key={segment}>
              <TerritoryMark territory={name} /> {segment}{" "}
              <select
                aria-label={t.assess.segmentTerritory(segment)}
                disabled={!editable}
                value={name}
                onChange={(event) =>
                  commit({
                    kind: "territories",
                    territories: custom({ [segment]: event.target.value as Territory }),
                  })
                }
              >
                {NAMES.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
            </label>
          ))}
        </div>
      )}
    </>
  );
}
