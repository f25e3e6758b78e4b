import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from "react";
import type { SourceSeries } from "../api/studyTypes.ts";
import type { SourceStart } from "../logic/source.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { message } from "../store/study.ts";
import { type PrimaryTool, reasonOf, SourceViewport } from "./cornerstone.ts";
import { StackToolbar } from "./StackToolbar.tsx";
import { usePlacing } from "./usePlacing.ts";

const PAN_MM = 5;
/** Frames per second; decoding is slower than the reading grid's drawing. */
const RATES = [5, 10, 15, 20, 30];

/** The grid's rate where this list has it, else the fastest below it. */
function nearestRate(wanted: number): number {
  return RATES.findLast((rate) => rate <= wanted) ?? 5;
}

/** One series: scrolled, played, windowed and measured; keys as in the reading grid. */
export function Stack({
  series,
  first,
  place,
  measuring,
}: {
  series: SourceSeries;
  first: number;
  place: SourceStart | null;
  measuring: boolean;
}) {
  const element = useRef<HTMLDivElement>(null);
  const cross = useRef<HTMLDivElement>(null);
  const viewport = useRef<SourceViewport | null>(null);
  const [index, setIndex] = useState(0);
  const [failures, setFailures] = useState<Record<number, string>>({});
  const [broken, setBroken] = useState<string | null>(null);
  const [ready, setReady] = useState(false);
  const [tool, setTool] = useState<PrimaryTool>("window");
  const [playing, setPlaying] = useState(false);
  const [rate, setRate] = useState(() => nearestRate(display.getState().framesPerSecond));
  const placing = usePlacing(viewport, tool);
  const last = series.image_urls.length - 1;
  const shown = useRef(0);
  shown.current = index;

  useEffect(() => {
    const node = element.current;
    if (!node) return;
    let left = false;
    void SourceViewport.open(node, {
      onImage: setIndex,
      onError: (at, why) => setFailures((known) => ({ ...known, [at]: why })),
      onPlace: (at) => {
        if (!cross.current) return;
        cross.current.hidden = at === null;
        if (at) cross.current.style.transform = `translate(${at[0]}px, ${at[1]}px)`;
      },
    })
      .then((opened) => {
        if (left) return opened.close();
        viewport.current = opened;
        setReady(true);
      })
      .catch((cause) => setBroken(message(cause)));
    const sizes = new ResizeObserver(() => viewport.current?.resize());
    sizes.observe(node);
    return () => {
      left = true;
      sizes.disconnect();
      viewport.current?.close();
      viewport.current = null;
      setReady(false);
    };
  }, []);

  useEffect(() => {
    if (!ready) return;
    const begin = Math.min(first, series.image_urls.length - 1);
    setFailures({});
    setBroken(null);
    setPlaying(false);
    setIndex(begin);
    viewport.current
      ?.show(series.image_urls, begin, place)
      .catch((cause) => setBroken(reasonOf(cause)));
  }, [ready, series, first, place]);

  const goTo = useCallback(
    (to: number) => {
      const kept = Math.min(last, Math.max(0, to));
      setIndex(kept);
      return viewport.current
        ?.goTo(kept)
        .catch((cause) => setFailures((known) => ({ ...known, [kept]: reasonOf(cause) })));
    },
    [last],
  );

  useEffect(() => {
    if (!playing || !ready) return;
    let at = shown.current;
    let busy = false;
    const timer = setInterval(() => {
      // An image that is still on its way holds the cine up instead of piling up behind it.
      if (busy) return;
      busy = true;
      at = at >= last ? 0 : at + 1;
      void Promise.resolve(goTo(at)).finally(() => {
        busy = false;
      });
    }, 1000 / rate);
    return () => clearInterval(timer);
  }, [playing, ready, rate, last, goTo]);

  const onKeyDown = (event: KeyboardEvent) => {
    const view = viewport.current;
    if (!view || event.ctrlKey || event.metaKey || event.altKey) return;
    if (placing.onKey(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const moved: Record<string, [number, number]> = {
      ArrowLeft: [-PAN_MM, 0],
      ArrowRight: [PAN_MM, 0],
      ArrowUp: [0, -PAN_MM],
      ArrowDown: [0, PAN_MM],
    };
    const pan = event.shiftKey ? moved[event.key] : undefined;
    const actions: Record<string, () => void> = {
      " ": () => setPlaying((now) => !now),
      ArrowLeft: () => void goTo(index - 1),
      ArrowRight: () => void goTo(index + 1),
      ArrowUp: () => void goTo(index - 1),
      ArrowDown: () => void goTo(index + 1),
      Home: () => void goTo(0),
      End: () => void goTo(last),
      "+": () => view.zoomBy(1.2),
      "=": () => view.zoomBy(1.2),
      "-": () => view.zoomBy(1 / 1.2),
      "0": () => view.reset(),
      "[": () => view.windowBy(1 / 1.1, 0),
      "]": () => view.windowBy(1.1, 0),
      ";": () => view.windowBy(1, 0.05),
      "'": () => view.windowBy(1, -0.05),
    };
    const action = pan ? () => view.panBy(...pan) : actions[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };

  const why = broken ?? failures[index];
  return (
    <>
      <StackToolbar
        measuring={measuring}
        tool={tool}
        choose={(name) => {
          setTool(name);
          viewport.current?.choose(name);
        }}
        reset={() => viewport.current?.reset()}
      />
      <div className="source-frame">
        <div
          ref={element}
          className="source-viewport"
          data-testid="source-viewport"
          data-image={index}
          data-ready={ready || undefined}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: scrolled and played by keys
          tabIndex={0}
          role="img"
          aria-label={`${series.description || series.modality}, ${t.source.loading(index + 1, last + 1)}`}
          onContextMenu={(event) => event.preventDefault()}
          onKeyDown={onKeyDown}
        />
        <div ref={cross} className="source-cross" title={t.cine.place} hidden aria-hidden="true" />
        {placing.crosses.map(([x, y], i) => (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: the second point is the second point
            key={i}
            className="source-cross source-point"
            aria-hidden="true"
            style={{ transform: `translate(${x}px, ${y}px)` }}
          />
        ))}
        {/* The page's own announcements are out of reach while a dialog is open. */}
        <span className="visually-hidden" role="status">
          {placing.words}
        </span>
        {why !== undefined && (
          <p className="cell-message" role="alert" data-testid="source-error">
            {t.source.failed(why)}
          </p>
        )}
      </div>
      <div className="source-scroll">
        <button
          type="button"
          className="button button-play"
          data-testid="source-play"
          aria-label={playing ? t.cine.pause : t.cine.play}
          onClick={() => setPlaying(!playing)}
        >
          {playing ? "❚❚" : "▶"}
        </button>
        <span>{t.source.loading(index + 1, last + 1)}</span>
        <input
          type="range"
          aria-label={t.source.image}
          min={0}
          max={last}
          value={index}
          onChange={(event) => void goTo(event.target.valueAsNumber)}
        />
        <label>
          <span className="visually-hidden">{t.cine.rate}</span>
          <select value={rate} onChange={(event) => setRate(Number(event.target.value))}>
            {RATES.map((one) => (
              <option key={one} value={one}>
                {one} fps
              </option>
            ))}
          </select>
        </label>
      </div>
    </>
  );
}
