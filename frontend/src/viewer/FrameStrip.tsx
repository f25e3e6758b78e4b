import { type RefObject, useEffect, useRef } from "react";
import { t } from "../shared/strings.ts";

const HEIGHT = 30;

interface FrameStripProps {
  label: string;
  status: readonly number[];
  words: readonly string[];
  /** 0-1 per frame: how high its bar is; without values all bars are low. */
  heights?: readonly (number | null)[];
  /** Frames that are or will be left out by the reader. */
  leftOut: readonly number[];
  /** Show a frame. */
  seek: (frame: number) => void;
  /** Written at every frame of the cine, past React. */
  marker: RefObject<SVGRectElement | null>;
}

/** One bar per frame: how well it was corrected, whether it is used, and where the cine is. */
export function FrameStrip({
  label,
  status,
  words,
  heights,
  leftOut,
  seek,
  marker,
}: FrameStripProps) {
  const box = useRef<SVGSVGElement>(null);
  const frames = status.length;
  useEffect(() => {
    marker.current?.setAttribute("width", "1");
  }, [marker]);
  const at = (clientX: number) => {
    const area = box.current?.getBoundingClientRect();
    if (!area) return;
    const share = (clientX - area.left) / area.width;
    seek(Math.min(frames - 1, Math.max(0, Math.floor(share * frames))));
  };
  return (
    <svg
      ref={box}
      className="frame-strip"
      viewBox={`0 0 ${frames} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: ${t.frames.count(status.filter((s) => s === 0).length, frames)}`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        at(event.clientX);
      }}
      onPointerMove={(event) => event.buttons === 1 && at(event.clientX)}
    >
      {status.map((code, frame) => {
        const height = 4 + (HEIGHT - 6) * Math.min(1, Math.max(0, heights?.[frame] ?? 0.25));
        const out = leftOut.includes(frame);
        return (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: a frame is its number
            key={frame}
            x={frame + 0.12}
            width={0.76}
            y={out ? 1 : HEIGHT - height}
            height={out ? HEIGHT - 2 : height}
            className="frame-bar"
            data-state={out ? "out" : code === 0 ? "used" : "unused"}
          >
            <title>{t.frames.frame(frame + 1, out ? t.frames.left : (words[frame] ?? ""))}</title>
          </rect>
        );
      })}
      <rect ref={marker} className="frame-now" x="0" y="0" width="1" height={HEIGHT} />
    </svg>
  );
}
