/** Pointer and wheel on a cell: window, pan, zoom, scroll, segment choice, contour editing. */

import { type PointerEvent, type RefObject, useEffect, useRef } from "react";
import type { Contours } from "../api/analysisTypes.ts";
import type { Point } from "../api/basicTypes.ts";
import { zoomAbout } from "../logic/affine.ts";
import { closeStroke, resample, signedArea } from "../logic/contour.ts";
import { contoursAround, roundContours } from "../logic/startContours.ts";
import type { Cell } from "../render/cell.ts";
import { segmentAt } from "../render/grid.ts";
import { display } from "../store/display.ts";
import { draft, setDraft } from "../store/draft.ts";
import { addRoi, rois, setStroke } from "../store/rois.ts";
import { study } from "../store/study.ts";
import { useViewer } from "./context.ts";
import { commitContours, type Grab, grabAt, moved, shownContours } from "./editing.ts";

interface Drag {
  kind: "window" | "pan" | "zoom" | "edit" | "roi";
  x: number;
  y: number;
  travelled: number;
  grab: Grab | null;
  start: Contours | null;
}

export function useCellGestures(cell: RefObject<Cell | null>, root: RefObject<HTMLElement | null>) {
  const { grid } = useViewer();
  const drag = useRef<Drag | null>(null);

  // React listens to wheel passively; scrolling the page must be prevented here.
  useEffect(() => {
    const node = root.current;
    if (!node) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      if (!event.ctrlKey && !event.metaKey) {
        grid.step(event.deltaY > 0 ? 1 : -1);
        return;
      }
      const [right, down] = offsetMm(cell.current, event, node);
      display.setState((s) => ({
        view: zoomAbout(s.view, Math.exp(-event.deltaY * 0.002), right, down),
      }));
    };
    node.addEventListener("wheel", onWheel, { passive: false });
    return () => node.removeEventListener("wheel", onWheel);
  }, [grid, cell, root]);

  const place = (event: PointerEvent<HTMLElement>): [number, number] => {
    const box = event.currentTarget.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  return {
    onPointerDown(event: PointerEvent<HTMLElement>) {
      const current = cell.current;
      if (!current || drag.current) return;
      // A captured pointer would take the click away from a button that lies on the image.
      if ((event.target as Element).closest("button")) return;
      const [x, y] = place(event);
      const { tool, editing } = display.getState();
      if (editing && editing !== current.slice.key && event.button === 0) {
        display.setState({ editing: current.slice.key });
        return;
      }
      const begun: Drag = {
        kind: kindOf(event, tool, editing === current.slice.key),
        x,
        y,
        travelled: 0,
        grab: null,
        start: null,
      };
      if (begun.kind === "edit") {
        const at = current.imagePoint(x, y);
        begun.start = startOf(current, tool, at);
        begun.grab = begun.start && grabAt(current.slice, begun.start, at, current.pxPerPixel());
        if (!begun.start || !begun.grab) return;
        setDraft({ slice: current.slice.key, contours: begun.start, stroke: null });
      }
      if (begun.kind === "roi") setStroke({ slice: current.slice.key, points: [] });
      event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = begun;
      if (begun.grab) continueEdit(current, begun, x, y);
    },

    onPointerMove(event: PointerEvent<HTMLElement>) {
      const current = cell.current;
      if (!current) return;
      const [x, y] = place(event);
      grid.point(current, x, y);
      showSculptRing(current, x, y);
      const held = drag.current;
      if (!held) return;
      const [dx, dy] = [x - held.x, y - held.y];
      held.travelled += Math.abs(dx) + Math.abs(dy);
      [held.x, held.y] = [x, y];
      if (held.kind === "edit") continueEdit(current, held, x, y);
      else if (held.kind === "roi") extendRegion(current, x, y);
      else if (held.travelled > 3) moveView(current, held.kind, dx, dy);
    },

    onPointerUp(event: PointerEvent<HTMLElement>) {
      const current = cell.current;
      const held = drag.current;
      drag.current = null;
      if (!current || !held) return;
      if (held.kind === "edit") finishEdit(current, held);
      else if (held.kind === "roi") finishRegion(current);
      else if (held.travelled <= 3 && event.button === 0) {
        const segment = segmentAt(current.slice, current.imagePoint(...place(event)));
        if (segment !== null) display.setState({ segment });
      }
    },

    onPointerCancel() {
      drag.current = null;
      setStroke(null);
      setDraft(null);
    },
  };
}

/** What the drag starts from; a new outline needs nothing to be there. */
function startOf({ slice }: Cell, tool: string, at: Point): Contours | null {
  const placed = draft.getState().draft;
  if (placed?.slice === slice.key) return placed.contours;
  return (
    shownContours(slice, study.getState().waiting) ??
    (tool === "redraw" ? roundContours(at, slice.pixel_spacing_mm) : null)
  );
}

function kindOf(event: PointerEvent, tool: string, editing: boolean): Drag["kind"] {
  if (event.button === 2) return "zoom";
  if (event.button === 1 || event.shiftKey) return "pan";
  if (tool === "roi" && !editing) return "roi";
  if (editing && tool !== "window" && tool !== "pan") return "edit";
  return tool === "pan" ? "pan" : "window";
}

function moveView(cell: Cell, kind: Drag["kind"], dx: number, dy: number): void {
  display.setState((s) => {
    if (kind === "pan") {
      const scale = cell.pxPerMm();
      return {
        view: {
          ...s.view,
          panRightMm: s.view.panRightMm + dx / scale,
          panDownMm: s.view.panDownMm + dy / scale,
        },
      };
    }
    if (kind === "zoom") return { view: zoomAbout(s.view, Math.exp(-dy * 0.01), 0, 0) };
    return {
      contrast: Math.min(8, Math.max(0.05, s.contrast * Math.exp(dx * 0.005))),
      brightness: Math.min(2, Math.max(-2, s.brightness - dy * 0.003)),
    };
  });
}

function extendRegion(cell: Cell, x: number, y: number): void {
  const { stroke } = rois.getState();
  if (stroke?.slice !== cell.slice.key) return;
  setStroke({ ...stroke, points: [...stroke.points, cell.imagePoint(x, y)] });
}

function finishRegion(cell: Cell): void {
  const { stroke } = rois.getState();
  setStroke(null);
  if (!stroke || stroke.points.length < 6 || Math.abs(signedArea(stroke.points)) < 2) return;
  void addRoi(cell.slice.key, resample(stroke.points, 48));
  display.setState({ panel: "curves" });
}

function continueEdit(cell: Cell, { grab, start }: Drag, x: number, y: number): void {
  const own = draft.getState().draft;
  // Escape has dropped it: the rest of this drag does nothing.
  if (!grab || !start || !own) return;
  const to = cell.imagePoint(x, y);
  setDraft({
    slice: cell.slice.key,
    contours: moved(cell.slice, start, own.contours, grab, to),
    stroke: grab.kind === "redraw" ? [...(own.stroke ?? []), to] : null,
  });
}

function finishEdit(cell: Cell, { grab, travelled }: Drag): void {
  const own = draft.getState().draft;
  if (!own || !grab) return;
  if (grab.kind === "redraw") {
    const closed = own.stroke && closeStroke(own.stroke);
    if (!closed) {
      setDraft(null);
      return;
    }
    const first = shownContours(cell.slice, study.getState().waiting) === null;
    // The first outline of a slice brings its cavity along: there is none that it could keep.
    const contours = first ? contoursAround(closed) : { ...own.contours, [grab.contour]: closed };
    setDraft({ ...own, stroke: null, contours });
  } else if (travelled < 2 && grab.kind === "point") {
    setDraft(null);
    return;
  }
  commitContours(cell.slice);
}

function offsetMm(cell: Cell | null, event: WheelEvent, node: HTMLElement): [number, number] {
  const box = node.getBoundingClientRect();
  const scale = cell?.pxPerMm() ?? 1;
  return [
    (event.clientX - box.left - box.width / 2) / scale,
    (event.clientY - box.top - box.height / 2) / scale,
  ];
}

function showSculptRing(cell: Cell, x: number, y: number): void {
  const ring = cell.parts.overlay.querySelector("[data-sculpt-ring]");
  if (!ring) return;
  const { tool, sculptRadiusMm } = display.getState();
  ring.setAttribute("cx", String(x));
  ring.setAttribute("cy", String(y));
  ring.setAttribute("r", tool === "sculpt" ? String(sculptRadiusMm * cell.pxPerMm()) : "0");
}
