import { useStore } from "zustand";
import type { ViewerState } from "../api/readingTypes.ts";
import { ROI_COLOURS } from "../logic/curves.ts";
import { formatNumber } from "../logic/numbers.ts";
import { t } from "../shared/strings.ts";
import { removeRoi, rois } from "../store/rois.ts";
import { sliceWords } from "./FlagsPanel.tsx";

/** What each region drawn by hand holds, measured by the server. */
export function RoiTable({ data }: { data: ViewerState }) {
  const drawn = useStore(rois, (s) => s.rois);
  if (drawn.length === 0) return null;
  return (
    <ul className="rois" data-testid="rois">
      {drawn.map((roi, i) => {
        const { result } = roi;
        const unit = result?.quantity === "mbf" ? t.units.mbf : "";
        return (
          <li key={roi.id}>
            <i style={{ background: ROI_COLOURS[i % ROI_COLOURS.length] }} />
            <strong>{t.roi.curve(i + 1)}</strong>
            <span className="muted">{sliceWords(data, roi.slice)}</span>
            {result && (
              <span data-testid="roi-values">
                {t.roi.mean} {formatNumber(result.mean)} · {t.roi.sd} {formatNumber(result.sd)}{" "}
                {unit} · {t.roi.pixels} {t.roi.valid(result.valid_pixels, result.pixels)} ·{" "}
                {t.roi.area} {formatNumber(result.area_mm2, 0)} mm²
              </span>
            )}
            {!result && !roi.error && <span className="muted">{t.roi.measuring}</span>}
            {roi.error && <span role="alert">{roi.error}</span>}
            <button type="button" className="link" onClick={() => removeRoi(roi.id)}>
              {t.roi.clear}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
