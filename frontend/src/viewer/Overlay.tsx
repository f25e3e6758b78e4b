import { type KeyboardEvent, type RefObject, useLayoutEffect } from "react";
import { useStore } from "zustand";
import type { Contours, Slice } from "../api/analysisTypes.ts";
import type { Point } from "../api/basicTypes.ts";
import { dragPoint, handleIndices, pathOf } from "../logic/contour.ts";
import { ROI_COLOURS } from "../logic/curves.ts";
import type { Cell } from "../render/cell.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { draft, setDraft } from "../store/draft.ts";
import { rois } from "../store/rois.ts";
import { study } from "../store/study.ts";
import { useViewer } from "./context.ts";
import { commitContours, REACH_MM, shownContours } from "./editing.ts";

/** SVG over the image: paths in image coordinates, labels and handles in screen pixels. */
export function Overlay({
  slice,
  cell,
  editing,
}: {
  slice: Slice;
  cell: RefObject<Cell | null>;
  editing: boolean;
}) {
  const { grid } = useViewer();
  const overlay = useStore(display, (s) => s.overlay);
  const showAutomated = useStore(display, (s) => s.showAutomated);
  const own = useStore(draft, (s) => (s.draft?.slice === slice.key ? s.draft : null));
  const waiting = useStore(study, (s) => s.waiting);
  const contours = own?.contours ?? shownContours(slice, waiting);
  // Until the server has answered, sectors would still show the old contours.
  const stale = contours !== slice.contours;
  const sectors = overlay === "sectors" && !stale && !editing ? slice.sectors : [];

  // New elements need their place before the next paint, not a frame later.
  useLayoutEffect(() => {
    if (cell.current) grid.placeNow(cell.current);
  });

  return (
    <>
      <g data-image-space="" className="lines">
        {sectors.map((sector) => (
          <path
            key={sector.segment}
            className="sector"
            data-segment={sector.segment}
            data-territory={sector.territory}
            d={pathOf(sector.outline_rc)}
          />
        ))}
        {contours && overlay !== "off" && (overlay === "contours" || stale || editing) && (
          <ContourPaths contours={contours} className={editing ? "contour-edit" : "contour"} />
        )}
        {showAutomated && slice.automated_contours && (
          <ContourPaths contours={slice.automated_contours} className="contour-automated" />
        )}
        <Regions slice={slice} />
        {own?.stroke && <path className="stroke" d={pathOf(own.stroke, false)} />}
      </g>
      {sectors.map((sector) => (
        <g key={sector.segment} data-at={sector.label_rc.join(",")} data-segment={sector.segment}>
          <text className="sector-number">{sector.segment}</text>
        </g>
      ))}
      {contours && overlay !== "off" && (
        <Marks slice={slice} contours={contours} editing={editing} />
      )}
      {editing && contours && <Handles slice={slice} contours={contours} />}
      {editing && <circle className="sculpt-ring" data-sculpt-ring="" r="0" />}
    </>
  );
}

/** Regions drawn by hand on this slice, and one that is being drawn. */
function Regions({ slice }: { slice: Slice }) {
  const drawn = useStore(rois, (s) => s.rois);
  const stroke = useStore(rois, (s) => (s.stroke?.slice === slice.key ? s.stroke.points : null));
  return (
    <>
      {drawn.map(
        (roi, i) =>
          roi.slice === slice.key && (
            <path
              key={roi.id}
              className="roi"
              stroke={ROI_COLOURS[i % ROI_COLOURS.length]}
              d={pathOf(roi.polygon)}
            />
          ),
      )}
      {stroke && <path className="stroke" d={pathOf(stroke, false)} />}
    </>
  );
}

function ContourPaths({ contours, className }: { contours: Contours; className: string }) {
  return (
    <>
      <path className={`${className} epi`} d={pathOf(contours.epi_rc)} />
      {contours.endo_rc && <path className={`${className} endo`} d={pathOf(contours.endo_rc)} />}
    </>
  );
}

const MARKS = {
  anterior: "rv_insertion_anterior_rc",
  inferior: "rv_insertion_inferior_rc",
  centre: "lv_centre_rc",
} as const;

/** Insertions and centre; with their tool chosen each takes focus and moves with the arrow keys. */
function Marks({
  slice,
  contours,
  editing,
}: {
  slice: Slice;
  contours: Contours;
  editing: boolean;
}) {
  const movable = useStore(display, (s) => s.tool === "insertion") && editing;
  const keys = useNudge(slice);
  return (["anterior", "inferior", "centre"] as const).map((name) => {
    const field = MARKS[name];
    const at = contours[field];
    if (!at || (!editing && name !== "anterior")) return null;
    const button = movable && {
      role: "button",
      tabIndex: 0,
      "aria-label": t.tools.mark[name],
      ...keys((step) => ({ ...contours, [field]: [at[0] + step[0], at[1] + step[1]] })),
    };
    return (
      <g key={name} data-at={at.join(",")} className={`mark mark-${name}`} {...button}>
        {movable && <circle r="9" className="handle-hit" />}
        <path d="M-6 0H6M0-6V6" />
      </g>
    );
  });
}

const ARROWS: Record<string, [number, number]> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** Arrow keys on what has the focus: each press is a step of the draft, letting go saves it. */
function useNudge(slice: Slice) {
  const { grid } = useViewer();
  return (after: (step: Point) => Contours) => ({
    onKeyDown(event: KeyboardEvent) {
      const arrow = ARROWS[event.key];
      const cell = grid.cells.get(slice.key);
      if (!arrow || !cell) return;
      event.preventDefault();
      event.stopPropagation();
      // Arrow keys follow the screen, whichever way the slice is turned.
      const step = cell.screenStep(arrow[0], arrow[1], event.shiftKey ? 2 : 0.5);
      setDraft({ slice: slice.key, contours: after(step), stroke: null });
    },
    onKeyUp(event: KeyboardEvent) {
      if (event.key in ARROWS) commitContours(slice);
    },
  });
}

/** Points of the chosen contour; each takes focus and moves with the arrow keys. */
function Handles({ slice, contours }: { slice: Slice; contours: Contours }) {
  const tool = useStore(display, (s) => s.tool);
  const which = useStore(display, (s) => s.contour);
  const keys = useNudge(slice);
  const name = which === "endo" ? "endo_rc" : "epi_rc";
  const polygon = contours[name];
  if (tool !== "points" || !polygon) return null;

  const shifted = (index: number, step: Point): Contours => {
    const point = polygon[index] as Point;
    const to: Point = [point[0] + step[0], point[1] + step[1]];
    const reach = REACH_MM / slice.pixel_spacing_mm[0];
    return { ...contours, [name]: dragPoint(polygon, index, to, reach) };
  };
  return handleIndices(polygon).map((index) => (
    <g
      key={index}
      data-at={(polygon[index] as Point).join(",")}
      className="handle"
      role="button"
      aria-label={t.tools.handle(which, index)}
      tabIndex={0}
      {...keys((step) => shifted(index, step))}
    >
      <circle r="9" className="handle-hit" />
      <circle r="3.5" className="handle-dot" />
    </g>
  ));
}
