import { type KeyboardEvent, type RefObject, useLayoutEffect } from "react";
import { useStore } from "zustand";
import type { Contours, Point, Slice } from "../api/types.ts";
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
        <>
          <Mark at={contours.rv_insertion_anterior_rc} name="anterior" />
          {editing && <Mark at={contours.rv_insertion_inferior_rc} name="inferior" />}
          {editing && <Mark at={contours.lv_centre_rc} name="centre" />}
        </>
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

function Mark({ at, name }: { at: Point | null; name: "anterior" | "inferior" | "centre" }) {
  if (!at) return null;
  return (
    <g data-at={at.join(",")} className={`mark mark-${name}`}>
      <path d="M-6 0H6M0-6V6" />
    </g>
  );
}

const ARROWS: Record<string, [number, number]> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** Points of the chosen contour; each takes focus and moves with the arrow keys. */
function Handles({ slice, contours }: { slice: Slice; contours: Contours }) {
  const tool = useStore(display, (s) => s.tool);
  const which = useStore(display, (s) => s.contour);
  const { grid } = useViewer();
  const name = which === "endo" ? "endo_rc" : "epi_rc";
  const polygon = contours[name];
  if (tool !== "points" || !polygon) return null;

  const nudge = (event: KeyboardEvent<SVGGElement>, index: number) => {
    const arrow = ARROWS[event.key];
    const cell = grid.cells.get(slice.key);
    if (!arrow || !cell) return;
    event.preventDefault();
    event.stopPropagation();
    const point = polygon[index] as Point;
    // Arrow keys follow the screen, whichever way the slice is turned.
    const step = cell.screenStep(arrow[0], arrow[1], event.shiftKey ? 2 : 0.5);
    const to: Point = [point[0] + step[0], point[1] + step[1]];
    const reach = REACH_MM / slice.pixel_spacing_mm[0];
    setDraft({
      slice: slice.key,
      contours: { ...contours, [name]: dragPoint(polygon, index, to, reach) },
      stroke: null,
    });
  };
  return handleIndices(polygon).map((index) => (
    <g
      key={index}
      data-at={(polygon[index] as Point).join(",")}
      className="handle"
      role="button"
      aria-label={t.tools.handle(which, index)}
      tabIndex={0}
      onKeyDown={(event) => nudge(event, index)}
      onKeyUp={(event) => event.key in ARROWS && commitContours(slice)}
    >
      <circle r="9" className="handle-hit" />
      <circle r="3.5" className="handle-dot" />
    </g>
  ));
}
