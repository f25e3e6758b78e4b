import { useEffect, useMemo, useRef, useState } from "react";
import { useStore } from "zustand";
import type { AcquisitionView } from "../api/analysisTypes.ts";
import { formatNumber } from "../logic/numbers.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { pixelStates } from "../store/pixels.ts";
import { useViewer } from "./context.ts";

const HEIGHT = 40;
const WIDTH = 1000;

/**
 * Play, frame and time of all cells, over the arterial input of the first acquisition.
 *
 * What changes with every frame is written straight into the page: React would otherwise cost more
 * than drawing the six images.
 */
export function Scrubber({ acquisitions }: { acquisitions: AcquisitionView[] }) {
  const { grid } = useViewer();
  const [playing, setPlaying] = useState(false);
  const fps = useStore(display, (s) => s.framesPerSecond);
  const time = useRef<HTMLSpanElement>(null);
  const unused = useRef<HTMLSpanElement>(null);
  const marker = useRef<SVGLineElement>(null);
  const slider = useRef<HTMLInputElement>(null);
  const lead = acquisitions.find((a) => a.aif) ?? acquisitions[0];
  const slice = lead?.slices.toSorted((a, b) => b.shape[0] - a.shape[0])[0];
  const frames = Math.max(1, ...acquisitions.flatMap((a) => a.slices.map((s) => s.shape[0])));
  const times = slice?.time_s ?? [];
  const aif = lead?.aif ?? null;
  const path = useMemo(() => (aif ? aifPath(aif.time_s, aif.gd, times) : ""), [aif, times]);

  useEffect(() => {
    const show = (frame: number) => {
      const at = slice?.time_s[Math.min(frame, slice.time_s.length - 1)];
      const words = t.grid.frame(frame + 1, frames);
      const code = slice?.frame_status[frame] ?? 0;
      const x = String((frame / Math.max(1, frames - 1)) * WIDTH);
      if (time.current) {
        time.current.textContent = at === undefined ? words : `${formatNumber(at, 1)} s · ${words}`;
      }
      if (unused.current) {
        unused.current.textContent =
          code === 0 ? "" : t.grid.frameUnused(slice?.frame_status_words[frame] ?? String(code));
      }
      marker.current?.setAttribute("x1", x);
      marker.current?.setAttribute("x2", x);
      if (slider.current) {
        slider.current.value = String(frame);
        slider.current.setAttribute("aria-valuetext", words);
      }
    };
    show(grid.clock.frame);
    return grid.onFrameChange((frame, isPlaying) => {
      show(frame);
      setPlaying(isPlaying);
    });
  }, [grid, slice, frames]);

  return (
    <div className="scrubber panel" data-testid="scrubber">
      <button
        type="button"
        className="button button-play"
        data-testid="play"
        aria-label={playing ? t.grid.pause : t.grid.play}
        onClick={() => grid.play(!playing)}
      >
        {playing ? "❚❚" : "▶"}
      </button>
      <span className="scrub-time">
        <span ref={time} data-testid="frame" />
        <span ref={unused} className="frame-unused" />
      </span>
      <div className="scrub-track">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          {slice?.frame_status.map((code, index) =>
            code === 0 ? null : (
              <rect
                key={times[index]}
                className="scrub-unused"
                x={(index / Math.max(1, frames - 1)) * WIDTH - 3}
                y="0"
                width="6"
                height={HEIGHT}
              />
            ),
          )}
          <path className="scrub-aif" d={path} />
          <line ref={marker} className="scrub-now" x1="0" x2="0" y1="0" y2={HEIGHT} />
        </svg>
        <input
          ref={slider}
          type="range"
          aria-label={t.grid.scrub}
          min={0}
          max={frames - 1}
          defaultValue={0}
          onChange={(event) => grid.seek(Number(event.target.value))}
        />
      </div>
      <label className="scrub-fps">
        <span className="visually-hidden">{t.grid.fps}</span>
        <select
          value={fps}
          onChange={(event) => display.setState({ framesPerSecond: Number(event.target.value) })}
        >
          {[5, 10, 15, 20, 30, 60].map((rate) => (
            <option key={rate} value={rate}>
              {rate} fps
            </option>
          ))}
        </select>
      </label>
      <span className="scrub-peak">
        {aif?.peak === null || aif?.peak === undefined
          ? t.grid.noAif
          : t.grid.aifPeak(formatNumber(aif.peak, 1), aif.unit)}
        <PixelProgress />
      </span>
    </div>
  );
}

/** The arterial input over the slice's frames: x is the frame that lies at the same time. */
function aifPath(times: number[], gd: (number | null)[], frameTimes: number[]): string {
  const top = Math.max(...gd.map((v) => v ?? 0), 1e-6);
  const [first, last] = [frameTimes[0] ?? 0, frameTimes.at(-1) ?? 1];
  const points = times.flatMap((time, i) => {
    const value = gd[i];
    if (value === null || value === undefined || time < first || time > last) return [];
    const x = framePosition(time, frameTimes) * WIDTH;
    return [
      `${x.toFixed(1)} ${(HEIGHT - 3 - (Math.max(0, value) / top) * (HEIGHT - 6)).toFixed(1)}`,
    ];
  });
  return points.length ? `M${points.join("L")}` : "";
}

function framePosition(time: number, frameTimes: number[]): number {
  const after = frameTimes.findIndex((t) => t >= time);
  if (after <= 0) return 0;
  const [low, high] = [frameTimes[after - 1] ?? 0, frameTimes[after] ?? 1];
  return (after - 1 + (time - low) / (high - low || 1)) / Math.max(1, frameTimes.length - 1);
}

function PixelProgress() {
  const states = useStore(pixelStates);
  const all = Object.values(states);
  const done = all.filter((state) => state !== "loading").length;
  if (all.length === 0 || done === all.length) return null;
  return <span className="muted"> · {t.load.pixels(done, all.length)}</span>;
}
