/** Keys of the whole page; a field or a dialog that has the focus keeps its own. */

import { useEffect } from "react";
import { SEGMENTS_OF } from "../logic/hanging.ts";
import type { Grid } from "../render/grid.ts";
import { display, type Mode, type Overlay, setAllModes } from "../store/display.ts";
import { draft, setDraft } from "../store/draft.ts";
import { addRoi } from "../store/rois.ts";
import { commit, mayEdit, study } from "../store/study.ts";
import type { DialogName } from "./context.ts";
import { leaveOut } from "./leaveOut.ts";

const MODE_KEYS: Record<string, Mode> = {
  "1": "movie",
  "2": "gd",
  "3": "mbf",
  "4": "uncertainty",
  "5": "upslope",
};
const PAN_MM = 5;
const REGION_MM = 6;
const OVERLAYS: Overlay[] = ["sectors", "contours", "off"];

type Action = (grid: Grid, open: (name: DialogName) => void) => void;

const zoomBy =
  (factor: number): Action =>
  () =>
    display.setState((s) => ({
      view: { ...s.view, zoom: Math.min(20, Math.max(0.5, s.view.zoom * factor)) },
    }));
const pan =
  (right: number, down: number): Action =>
  () =>
    display.setState((s) => ({
      view: {
        ...s.view,
        panRightMm: s.view.panRightMm + right,
        panDownMm: s.view.panDownMm + down,
      },
    }));

const ACTIONS: Record<string, Action> = {
  " ": (grid) => grid.play(!grid.clock.playing),
  ArrowLeft: (grid) => grid.step(-1),
  ArrowRight: (grid) => grid.step(1),
  Home: (grid) => grid.seek(0),
  End: (grid) => grid.seek(grid.clock.length - 1),
  "+": zoomBy(1.2),
  "=": zoomBy(1.2),
  "-": zoomBy(1 / 1.2),
  "0": () => resetView(),
  "[": () => display.setState((s) => ({ contrast: Math.max(0.05, s.contrast / 1.1) })),
  "]": () => display.setState((s) => ({ contrast: Math.min(8, s.contrast * 1.1) })),
  ";": () => display.setState((s) => ({ brightness: s.brightness - 0.05 })),
  "'": () => display.setState((s) => ({ brightness: s.brightness + 0.05 })),
  o: () =>
    display.setState((s) => ({
      overlay: OVERLAYS[(OVERLAYS.indexOf(s.overlay) + 1) % OVERLAYS.length] ?? "sectors",
    })),
  Enter: () => enlargeFocused(),
  n: () => nextSegment(1),
  p: () => nextSegment(-1),
  e: () => toggleEditing(),
  x: (grid) => leaveFrameOut(grid),
  r: (grid) => regionInFocus(grid),
  s: (_, open) => {
    const { data } = study.getState();
    if (data && mayEdit(data) && data.can_sign) open("sign");
  },
  "?": (_, open) => open("keys"),
};

const SHIFTED: Record<string, Action> = {
  ArrowLeft: pan(-PAN_MM, 0),
  ArrowRight: pan(PAN_MM, 0),
  ArrowUp: pan(0, -PAN_MM),
  ArrowDown: pan(0, PAN_MM),
};

export function useKeyboard(
  grid: Grid | null,
  openDialog: (name: DialogName) => void,
  blocked: boolean,
): void {
  useEffect(() => {
    if (!grid || blocked) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || takesKeys(event)) return;
      if (event.ctrlKey || event.metaKey) {
        const step = { z: event.shiftKey ? "redo" : "undo", y: "redo" } as const;
        const kind = step[event.key.toLowerCase() as keyof typeof step];
        if (!kind) return;
        event.preventDefault();
        undoOrRedo(kind);
        return;
      }
      if (event.key === "Escape") return leaveInnermost();
      const mode = MODE_KEYS[event.key];
      if (mode) return setAllModes(study.getState().data?.acquisitions ?? [], mode);
      const action =
        (event.shiftKey ? SHIFTED[event.key] : undefined) ??
        ACTIONS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action) return;
      event.preventDefault();
      action(grid, openDialog);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [grid, openDialog, blocked]);
}

/** Fields, sliders and the table use these keys themselves; so do buttons with Space and Enter. */
function takesKeys(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  if (target.closest("input, textarea, select, [role=grid], [contenteditable]")) return true;
  return (event.key === " " || event.key === "Enter") && !!target.closest("button, a, summary");
}

export function undoOrRedo(kind: "undo" | "redo"): void {
  const { data, waiting } = study.getState();
  const possible = kind === "undo" ? data?.reading?.can_undo : data?.reading?.can_redo;
  if (mayEdit(data) && possible && waiting.length === 0) commit({ kind });
}

export function resetView(): void {
  display.setState({
    view: { zoom: 1, panRightMm: 0, panDownMm: 0 },
    brightness: 0,
    contrast: 1,
  });
}

function leaveInnermost(): void {
  if (draft.getState().draft) setDraft(null);
  else if (display.getState().editing) display.setState({ editing: null, tool: "window" });
  else display.setState({ enlarged: null });
}

function enlargeFocused(): void {
  const focused = document.activeElement?.closest<HTMLElement>("[data-slice]")?.dataset.slice;
  if (focused) display.setState((s) => ({ enlarged: s.enlarged === focused ? null : focused }));
}

/** A round region in the middle of the focused cell: what the mouse draws, by keyboard. */
function regionInFocus(grid: Grid): void {
  const key = document.activeElement?.closest<HTMLElement>("[data-slice]")?.dataset.slice;
  const cell = key === undefined ? undefined : grid.cells.get(key);
  if (!cell) return;
  const [rowMm, columnMm] = cell.slice.pixel_spacing_mm;
  const [row, column] = cell.imagePoint(cell.size.width / 2, cell.size.height / 2);
  const circle = Array.from({ length: 32 }, (_, i): [number, number] => {
    const angle = (2 * Math.PI * i) / 32;
    return [
      row + (REGION_MM / rowMm) * Math.sin(angle),
      column + (REGION_MM / columnMm) * Math.cos(angle),
    ];
  });
  void addRoi(cell.slice.key, circle);
  display.setState({ panel: "curves" });
}

/** The present frame of the slice that has the focus or was under the pointer last. */
function leaveFrameOut(grid: Grid): void {
  const { data } = study.getState();
  const key =
    document.activeElement?.closest<HTMLElement>("[data-slice]")?.dataset.slice ?? grid.visited;
  if (!data || !key) return;
  leaveOut(data, key, grid.clock.frame);
  display.setState({ panel: "frames" });
}

function nextSegment(by: number): void {
  const segments = Object.values(SEGMENTS_OF).flat();
  const now = segments.indexOf(display.getState().segment ?? (by > 0 ? 0 : 1));
  display.setState({ segment: segments[(now + by + segments.length) % segments.length] ?? 1 });
}

/** Edit the slice that has the focus, else the one that shows the chosen segment, else the first. */
export function toggleEditing(): void {
  const { data } = study.getState();
  if (display.getState().editing) {
    display.setState({ editing: null, tool: "window" });
    return;
  }
  if (!mayEdit(data)) return;
  const focused = document.activeElement?.closest<HTMLElement>("[data-slice]")?.dataset.slice;
  const { segment, enlarged } = display.getState();
  const slices = data?.acquisitions.flatMap((a) => a.slices) ?? [];
  const holding = slices.find((s) => s.sectors.some((sector) => sector.segment === segment));
  const key = focused ?? enlarged ?? holding?.key ?? slices[0]?.key;
  if (key) display.setState({ editing: key, tool: "points" });
}
