import { useCallback, useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import { Grid } from "../render/grid.ts";
import { t } from "../shared/strings.ts";
import { arraysOf, display, modeOf } from "../store/display.ts";
import { dropPixels, loadPixels } from "../store/pixels.ts";
import { openStudy, study } from "../store/study.ts";
import { type DialogName, type ValueEditRequest, Viewer } from "./context.ts";
import { Dialogs } from "./Dialogs.tsx";
import { Header } from "./Header.tsx";
import { useKeyboard } from "./keyboard.ts";
import { Notices } from "./Notices.tsx";
import { ReadingGrid } from "./ReadingGrid.tsx";
import { RunProgress } from "./RunProgress.tsx";
import { SidePanel } from "./SidePanel.tsx";

const POLL_MS = 1500;

export function App({ worklistUrl, userName }: { worklistUrl: string; userName: string }) {
  const data = useStore(study, (s) => s.data);
  const id = useStore(study, (s) => s.id);
  const loadError = useStore(study, (s) => s.loadError);
  const [dialog, openDialog] = useState<DialogName | null>(null);
  const [valueEdit, editValue] = useState<ValueEditRequest | null>(null);
  const [grid, setGrid] = useState<Grid | null>(null);

  useEffect(() => {
    const made = new Grid();
    setGrid(made);
    return () => made.close();
  }, []);

  const runId = data?.result_run?.id ?? null;
  // While a newer analysis runs, the last result stays readable.
  const ready = data !== null && data.acquisitions.length > 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: arrays belong to the run, not to each answer
  useEffect(() => {
    if (!ready) return;
    const { modes } = display.getState();
    const shown = data.acquisitions.flatMap((a) =>
      a.slices.flatMap((slice) => arraysOf(slice, modeOf(modes, a, slice))),
    );
    loadPixels(
      data.acquisitions,
      shown.filter((ref) => ref !== undefined),
    );
  }, [ready, runId]);
  useEffect(() => dropPixels, []);

  const waits = data?.run?.state === "queued" || data?.run?.state === "running";
  useEffect(() => {
    if (!waits && !loadError) return;
    const timer = setInterval(() => void openStudy(id), POLL_MS);
    return () => clearInterval(timer);
  }, [waits, loadError, id]);

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (study.getState().waiting.length > 0) event.preventDefault();
    };
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, []);

  const close = useCallback(() => openDialog(null), []);
  useKeyboard(grid, openDialog, dialog !== null || valueEdit !== null);
  const context = useMemo(() => (grid ? { grid, openDialog, editValue } : null), [grid]);

  if (!context) return null;
  if (!data) {
    return (
      <p className="page-message" role={loadError ? "alert" : "status"}>
        {loadError ? `${t.load.failed} ${loadError}` : t.common.loading}
      </p>
    );
  }
  return (
    <Viewer value={context}>
      <div className="reading-room" data-testid="reading-room">
        <Header data={data} worklistUrl={worklistUrl} />
        <Notices data={data} />
        {ready ? (
          <main className="room-main" id="main">
            <ReadingGrid acquisitions={data.acquisitions} flags={data.flags} />
            <SidePanel data={data} />
          </main>
        ) : (
          <RunProgress data={data} />
        )}
      </div>
      <Dialogs
        data={data}
        dialog={dialog}
        close={close}
        valueEdit={valueEdit}
        closeValueEdit={() => editValue(null)}
        userName={userName}
      />
    </Viewer>
  );
}
