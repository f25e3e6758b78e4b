import { lazy, Suspense, useSyncExternalStore } from "react";
import { useStore } from "zustand";
import type { ViewerState } from "../api/readingTypes.ts";
import { t } from "../shared/strings.ts";
import { display, type Panel } from "../store/display.ts";
import { Bullseyes } from "./Bullseyes.tsx";
import { ClinicalPanel } from "./ClinicalPanel.tsx";
import { FlagsPanel } from "./FlagsPanel.tsx";
import { ReportPanel } from "./ReportPanel.tsx";
import { ScoresPanel } from "./ScoresPanel.tsx";
import { SegmentTable } from "./SegmentTable.tsx";

const CurvesPanel = lazy(() => import("./CurvesPanel.tsx"));
const FramesPanel = lazy(() => import("./FramesPanel.tsx"));
const AifPanel = lazy(() => import("./AifPanel.tsx"));

/** From this height on the curves have their own place below the table. */
const TALL = "(min-height: 960px)";

/** Below this height a form would show three lines beside the bullseyes. */
const ROOMY = "(min-height: 800px)";

/** Panels that are filled in: they take the height that curves (and bullseyes) would have. */
const FORMS: readonly Panel[] = ["scores", "clinical", "report"];

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

export function SidePanel({ data }: { data: ViewerState }) {
  const tall = useMedia(TALL);
  const roomy = useMedia(ROOMY);
  const wanted = useStore(display, (s) => s.panel);
  const panels: Panel[] = [
    "table",
    "scores",
    ...(tall ? [] : ["curves" as const]),
    "aif",
    "frames",
    "clinical",
    "report",
  ];
  const panel = panels.includes(wanted) ? wanted : "table";
  return (
    <aside className="side" aria-label={t.panels.label} data-testid="side-panel">
      <FlagsPanel data={data} />
      {(roomy || !FORMS.includes(panel)) && <Bullseyes data={data} />}
      <div className="tabs-panel panel">
        <div className="tabs" role="tablist" aria-label={t.panels.label}>
          {panels.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`tab-${name}`}
              aria-controls="tab-content"
              aria-selected={panel === name}
              tabIndex={panel === name ? 0 : -1}
              className="tab"
              onClick={() => display.setState({ panel: name })}
              onKeyDown={(event) => {
                const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
                const next =
                  by && panels[(panels.indexOf(panel) + by + panels.length) % panels.length];
                if (!next) return;
                event.preventDefault();
                event.stopPropagation();
                display.setState({ panel: next });
                document.getElementById(`tab-${next}`)?.focus();
              }}
            >
              {t.panels[name]}
            </button>
          ))}
        </div>
        <div
          id="tab-content"
          role="tabpanel"
          aria-labelledby={`tab-${panel}`}
          className="tab-content"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a panel that scrolls must take the focus
          tabIndex={0}
        >
          {panel === "table" && <SegmentTable data={data} />}
          {panel === "scores" && <ScoresPanel data={data} />}
          {panel === "clinical" && <ClinicalPanel data={data} />}
          <Suspense fallback={<p className="muted">{t.curves.loading}</p>}>
            {panel === "curves" && <CurvesPanel data={data} />}
            {panel === "aif" && <AifPanel data={data} />}
            {panel === "frames" && <FramesPanel data={data} />}
          </Suspense>
          {panel === "report" && <ReportPanel data={data} />}
        </div>
      </div>
      {tall && !FORMS.includes(panel) && panel !== "aif" && (
        <div className="panel curves-below" data-with={panel}>
          <Suspense fallback={<p className="muted">{t.curves.loading}</p>}>
            <CurvesPanel data={data} />
          </Suspense>
        </div>
      )}
    </aside>
  );
}
