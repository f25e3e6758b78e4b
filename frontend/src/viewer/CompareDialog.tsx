import { useState } from "react";
import { useStore } from "zustand";
import type { Condition } from "../api/basicTypes.ts";
import type { SegmentValue, ViewerState } from "../api/readingTypes.ts";
import { formatNumber } from "../logic/numbers.ts";
import { UPSLOPE_RANGE } from "../render/cell.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { Bullseye } from "./Bullseyes.tsx";
import { Modal } from "./Modal.tsx";

/** Automated and final values side by side, stress and rest. */
export function CompareDialog({ data, close }: { data: ViewerState; close: () => void }) {
  const [onlyChanged, setOnlyChanged] = useState(false);
  const conditions = (["stress", "rest", "unknown"] as const).filter((c) =>
    data.table.some((row) => row[c]),
  );
  const rows = data.table.filter((row) => !onlyChanged || conditions.some((c) => changed(row[c])));
  return (
    <Modal title={t.compare.title} close={close} wide testId="compare-dialog">
      <label>
        <input
          type="checkbox"
          checked={onlyChanged}
          onChange={(event) => setOnlyChanged(event.target.checked)}
        />{" "}
        {t.compare.onlyChanged}
      </label>
      {rows.length === 0 ? (
        <p className="muted">{t.compare.nothing}</p>
      ) : (
        <div className="compare-side">
          <CompareBullseyes data={data} conditions={conditions} />
          <table className="compare">
            <thead>
              <tr>
                <td />
                <td />
                {conditions.map((c) => (
                  <th key={c} colSpan={3} scope="colgroup">
                    {t.conditions[c]}
                  </th>
                ))}
              </tr>
              <tr>
                <th scope="col">{t.table.number}</th>
                <th scope="col">{t.table.segment}</th>
                {conditions.flatMap((c) =>
                  (["automated", "final", "difference"] as const).map((name) => (
                    <th key={c + name} scope="col" className="number">
                      {t.compare[name]}
                    </th>
                  )),
                )}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.segment}>
                  <td>{typeof row.segment === "number" ? row.segment : ""}</td>
                  <th scope="row">{row.name}</th>
                  {conditions.flatMap((c) => {
                    const value = row[c];
                    const difference =
                      value?.value == null || value.automated_value == null
                        ? null
                        : value.value - value.automated_value;
                    return [
                      <td key={`${c}a`} className="number">
                        {formatNumber(value?.automated_value)}
                      </td>,
                      <td
                        key={`${c}f`}
                        className={changed(value) ? "number changed-value" : "number"}
                      >
                        {formatNumber(value?.value)}
                      </td>,
                      <td key={`${c}d`} className="number muted">
                        {difference ? formatNumber(difference) : ""}
                      </td>,
                    ];
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Modal>
  );
}

/** The same bullseye twice per condition: as computed, and as it will be signed. */
function CompareBullseyes({
  data,
  conditions,
}: {
  data: ViewerState;
  conditions: readonly Condition[];
}) {
  const palette = useStore(display, (s) => s.palette);
  const range = useStore(display, (s) => s.range);
  const relative = data.acquisitions.some((a) => a.quantity !== "mbf");
  const rows = new Map(data.table.map((row) => [row.segment, row] as const));
  return (
    <div className="compare-bullseyes">
      {conditions.flatMap((condition) =>
        (["automated", "final"] as const).map((which) => {
          const title = `${t.conditions[condition]} · ${t.compare[which]}`;
          return (
            <figure key={title} className="bullseye">
              <figcaption>{title}</figcaption>
              <Bullseye
                title={title}
                rows={rows}
                digits={2}
                palette={relative ? "viridis" : palette}
                range={relative ? UPSLOPE_RANGE : range}
                read={(row) => ({
                  value:
                    (which === "final" ? row[condition]?.value : row[condition]?.automated_value) ??
                    null,
                  reason: row[condition]?.not_measured_reason ?? null,
                  changed: which === "final" && changed(row[condition]),
                })}
              />
            </figure>
          );
        }),
      )}
    </div>
  );
}

function changed(value: SegmentValue | null): boolean {
  return value !== null && value.value !== value.automated_value;
}
