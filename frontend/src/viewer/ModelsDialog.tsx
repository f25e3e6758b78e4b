import { useStore } from "zustand";
import type { AcquisitionView, OtherValue } from "../api/analysisTypes.ts";
import type { TableRow, ViewerState } from "../api/readingTypes.ts";
import { modelWords } from "../logic/modes.ts";
import { formatError, formatNumber } from "../logic/numbers.ts";
import { withModel } from "../logic/repair.ts";
import { t } from "../shared/strings.ts";
import { changeRepair, repairs } from "../store/repair.ts";
import { Modal } from "./Modal.tsx";

/** Two flow models on the same contours: both values and how they differ, segment by segment. */
export function ModelsDialog({ data, close }: { data: ViewerState; close: () => void }) {
  const compared = data.acquisitions.flatMap((acquisition) =>
    acquisition.other_models.map((model) => ({ acquisition, model })),
  );
  return (
    <Modal title={t.models.title} close={close} wide testId="models-dialog">
      <Beside data={data} />
      {compared.length === 0 && <p className="muted">{t.models.none}</p>}
      <div className="model-tables">
        {compared.map(({ acquisition, model }) => (
          <ModelTable
            key={`${acquisition.key}${model}`}
            rows={data.table}
            acquisition={acquisition}
            model={model}
          />
        ))}
      </div>
    </Modal>
  );
}

const MODELS = ["btex", "fermi", "2cxm", "one-compartment", "patlak"];

/** Which models a new run computes beside the main one. */
function Beside({ data }: { data: ViewerState }) {
  const parameters = data.result_run?.parameters;
  const wanted = useStore(repairs, (s) => s.repair?.models) ?? parameters?.other_models ?? [];
  const main = data.acquisitions.find((a) => a.quantity === "mbf")?.model;
  if (!parameters || !data.can_run || !main) return null;
  return (
    <fieldset className="beside">
      <legend>{t.models.beside}</legend>
      {MODELS.filter((model) => model !== main).map((model) => (
        <label key={model}>
          <input
            type="checkbox"
            checked={wanted.includes(model)}
            onChange={() => changeRepair((repair) => withModel(repair, parameters, model))}
          />
          {modelWords(model)}
        </label>
      ))}
      <span className="muted">{t.models.besideHint}</span>
    </fieldset>
  );
}

function ModelTable({
  rows,
  acquisition,
  model,
}: {
  rows: TableRow[];
  acquisition: AcquisitionView;
  model: string;
}) {
  const other = new Map<OtherValue["segment"], OtherValue>(
    acquisition.other_values.filter((v) => v.model === model).map((v) => [v.segment, v]),
  );
  return (
    <table className="plain-table">
      <caption>
        {t.conditions[acquisition.condition]} · {t.units.mbf}
      </caption>
      <thead>
        <tr>
          <th scope="col">{t.models.segment}</th>
          <th scope="col" className="number">
            {modelWords(acquisition.model)}
          </th>
          <th scope="col" className="number">
            {modelWords(model)}
          </th>
          <th scope="col" className="number">
            {t.models.delta}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.flatMap((row) => {
          const found = other.get(row.segment as OtherValue["segment"]);
          // The automated value: the other model was measured with the automated contours.
          const main = row[acquisition.condition]?.automated_value ?? null;
          if (!found) return [];
          const difference = main === null || found.value === null ? null : found.value - main;
          return [
            <tr key={row.segment} data-segment={row.segment}>
              <th scope="row">
                {row.segment} {row.name === String(row.segment) ? "" : row.name}
              </th>
              <td className="number">{formatNumber(main)}</td>
              <td className="number">
                {formatNumber(found.value)} <small>{formatError(found.standard_error)}</small>
              </td>
              <td className="number">
                {difference === null
                  ? "–"
                  : `${difference >= 0 ? "+" : "−"}${formatNumber(Math.abs(difference))}`}
              </td>
            </tr>,
          ];
        })}
      </tbody>
    </table>
  );
}
