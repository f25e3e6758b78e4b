import { useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import type { AcquisitionView, Slice } from "../api/analysisTypes.ts";
import type { ViewerState } from "../api/readingTypes.ts";
import { leftOut } from "../logic/repair.ts";
import { t } from "../shared/strings.ts";
import { repairs } from "../store/repair.ts";
import { useViewer } from "./context.ts";
import { FrameStrip } from "./FrameStrip.tsx";
import { LEFT_OUT_BY_READER, leaveOut } from "./leaveOut.ts";

/** 1 - correlation of a frame with its model; motion correction gives up at about this. */
const HIGHEST_RESIDUAL = 0.4;

/** Every slice's frames: what was used and why not, and the means to leave one out. */
export default function FramesPanel({ data }: { data: ViewerState }) {
  return (
    <div className="frames-panel" data-testid="frames-panel">
      <p className="muted">
        {t.frames.intro} {data.can_run ? t.frames.keyHint : ""}
      </p>
      {data.acquisitions.flatMap((acquisition) =>
        acquisition.slices.map((slice) => (
          <SliceFrames key={slice.key} data={data} acquisition={acquisition} slice={slice} />
        )),
      )}
    </div>
  );
}

function SliceFrames({
  data,
  acquisition,
  slice,
}: {
  data: ViewerState;
  acquisition: AcquisitionView;
  slice: Slice;
}) {
  const { grid } = useViewer();
  const repair = useStore(repairs, (s) => s.repair);
  const marker = useRef<SVGRectElement>(null);
  const [frame, setFrame] = useState(grid.clock.frame);
  const last = slice.shape[0] - 1;
  useEffect(() => {
    const show = (now: number, playing: boolean) => {
      marker.current?.setAttribute("x", String(Math.min(now, last)));
      if (!playing) setFrame(now);
    };
    show(grid.clock.frame, false);
    return grid.onFrameChange(show);
  }, [grid, last]);

  const parameters = data.result_run?.parameters;
  const what = t.words.slice(t.conditions[acquisition.condition], t.positions[slice.position]);
  const shown = Math.min(frame, last);
  const out = parameters ? leftOut(repair, parameters, "frames", slice.key) : [];
  const code = slice.frame_status[shown] ?? 0;
  const possible = code === 0 || code === LEFT_OUT_BY_READER;
  const isOut = out.includes(shown);
  return (
    <section className="slice-frames" aria-label={t.frames.strip(what)}>
      <header>
        <strong>{what}</strong>
        <span className="muted">
          {t.frames.count(slice.frame_status.filter((s) => s === 0).length, last + 1)}
        </span>
        {possible || !parameters ? (
          <button
            type="button"
            className="button button-small"
            data-testid={`leave-out-${slice.key}`}
            aria-pressed={isOut}
            disabled={!data.can_run || !parameters}
            title={data.can_run ? undefined : t.repair.notAllowed}
            onClick={() => leaveOut(data, slice.key, shown)}
          >
            {isOut ? t.frames.again(shown + 1) : t.frames.leaveOut(shown + 1)}
          </button>
        ) : (
          <span className="muted">
            {t.frames.frame(shown + 1, slice.frame_status_words[shown] ?? "")}
          </span>
        )}
      </header>
      <FrameStrip
        label={t.frames.strip(what)}
        status={slice.frame_status}
        words={slice.frame_status_words}
        heights={slice.motion?.residual.map((r) => (r === null ? null : r / HIGHEST_RESIDUAL))}
        leftOut={out}
        seek={(to) => grid.seek(to)}
        marker={marker}
      />
    </section>
  );
}
