import { useEffect, useMemo } from "react";
import { useStore } from "zustand";
import type { AcquisitionView, Flag } from "../api/analysisTypes.ts";
import { gridOf, hang } from "../logic/hanging.ts";
import { t } from "../shared/strings.ts";
import { display, modesOf, setAllModes } from "../store/display.ts";
import { CellView } from "./CellView.tsx";
import { ColourBar } from "./ColourBar.tsx";
import { useViewer } from "./context.ts";
import { Scrubber } from "./Scrubber.tsx";
import { Toolbar } from "./Toolbar.tsx";

export function ReadingGrid({
  acquisitions,
  flags,
}: {
  acquisitions: AcquisitionView[];
  flags: Flag[];
}) {
  const { grid } = useViewer();
  const wanted = useStore(display, (s) => s.rows);
  const hanging = useMemo(() => hang(acquisitions, wanted), [acquisitions, wanted]);
  const places = gridOf(hanging);
  const enlarged = useStore(display, (s) => s.enlarged);
  const modes = useMemo(() => [...new Set(acquisitions.flatMap(modesOf))], [acquisitions]);
  const cells = hanging.rows
    .flat()
    .filter(({ slice }) => enlarged === null || slice?.key === enlarged);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new layout must be placed afresh
  useEffect(() => grid.dirty(true), [grid, enlarged, hanging]);
  return (
    <section className="grid-side" aria-label={t.grid.label}>
      <Toolbar
        acquisitions={acquisitions}
        modes={modes}
        onMode={(mode) => setAllModes(acquisitions, mode)}
      />
      <div className="grid-and-bar">
        <div
          className="cells"
          style={{
            gridTemplateColumns: `repeat(${enlarged ? 1 : places.columns}, minmax(0, 1fr))`,
            gridTemplateRows: `repeat(${enlarged ? 1 : places.rows}, minmax(0, 1fr))`,
          }}
        >
          {cells.map((cell, index) =>
            cell.slice ? (
              <CellView
                key={cell.slice.key}
                acquisition={cell.acquisition}
                slice={cell.slice}
                flags={flags}
              />
            ) : (
              <div
                // biome-ignore lint/suspicious/noArrayIndexKey: an empty place has no other name
                key={`empty-${index}`}
                className="cell cell-empty"
              >
                {t.load.noSlice(t.positions[cell.position])}
              </div>
            ),
          )}
        </div>
        <ColourBar />
      </div>
      <Scrubber acquisitions={acquisitions} />
    </section>
  );
}
