import { useState } from "react";
import type { SegmentValue, ViewerState } from "../api/types.ts";
import { formatNumber } from "../logic/numbers.ts";
import { t } from "../shared/strings.ts";
import { Modal } from "./Modal.tsx";

/** Automated and final values side by side, stress and rest. */
export function CompareDialog({ data, close }: { data: ViewerState; close: () => void }) {
  const [onlyChanged, setOnlyChanged] = useState(false);
  const conditions = (["stress", "rest", "unknown"] as const).filter((c) =>
    data.table.some((row) => row[c]),
  );
  const changed = (value: SegmentValue | null) =>
    value !== null && value.value !== value.automated_value;
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
        <div className="scroll">
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
