import { useStore } from "zustand";
import type { AcquisitionView, Slice } from "../api/analysisTypes.ts";
import { modeWords } from "../logic/modes.ts";
import { roundContours } from "../logic/startContours.ts";
import { t } from "../shared/strings.ts";
import { display, type Mode, modeOf, type Overlay, type Tool } from "../store/display.ts";
import { commit, findSlice, mayEdit, study } from "../store/study.ts";
import { useViewer } from "./context.ts";
import { resetView, toggleEditing } from "./keyboard.ts";
import { LayoutMenu } from "./LayoutMenu.tsx";

interface ToolbarProps {
  acquisitions: AcquisitionView[];
  modes: Mode[];
  onMode: (mode: Mode) => void;
}

const EDIT_TOOLS: Tool[] = ["points", "sculpt", "redraw", "insertion"];

export function Toolbar({ acquisitions, modes, onMode }: ToolbarProps) {
  const state = useStore(display);
  const editable = useStore(study, (s) => mayEdit(s.data));
  const main = acquisitions[0]?.model ?? "";
  const toolbarModes = modes.filter((mode) => mode !== "motion" && !mode.includes(":"));
  return (
    <div className="toolbar" role="toolbar" aria-label={t.tools.label}>
      {!state.editing && (
        <>
          <span className="toolbar-group" role="group" aria-label={t.grid.allModes}>
            <span className="muted wide-only">{t.grid.allModes}</span>
            {toolbarModes.map((mode) => (
              <button
                key={mode}
                type="button"
                className="mode"
                data-testid={`all-${mode}`}
                aria-pressed={everyCell(acquisitions, state.modes, mode)}
                title={modeWords(mode, main).long}
                onClick={() => onMode(mode)}
              >
                {modeWords(mode, main).short}
              </button>
            ))}
          </span>
          <span className="toolbar-group" role="group" aria-label={t.tools.label}>
            <ToolButton tool="window" now={state.tool} />
            <ToolButton tool="pan" now={state.tool} />
            <ToolButton tool="roi" now={state.tool} title={t.roi.hint} />
            <button
              type="button"
              className="mode"
              aria-pressed={state.field === "whole"}
              onClick={() =>
                display.setState({ field: state.field === "whole" ? "heart" : "whole" })
              }
            >
              {t.tools.field.whole}
            </button>
            <button
              type="button"
              className="mode"
              aria-label={t.tools.resetView}
              title={t.tools.resetView}
              onClick={resetView}
            >
              ⟲
            </button>
          </span>
          <LayoutMenu acquisitions={acquisitions} />
          <label className="toolbar-group">
            <span className="muted wide-only">{t.tools.overlay}</span>
            <select
              value={state.overlay}
              data-testid="overlay"
              onChange={(event) => display.setState({ overlay: event.target.value as Overlay })}
            >
              {(["sectors", "contours", "off"] as const).map((name) => (
                <option key={name} value={name}>
                  {t.tools.overlays[name]}
                </option>
              ))}
            </select>
          </label>
        </>
      )}
      <span className="toolbar-group toolbar-edit">
        {state.editing && <EditTools acquisitions={acquisitions} slice={state.editing} />}
        <button
          type="button"
          className="mode"
          aria-pressed={state.showAutomated}
          title={t.tools.automatedHint}
          onClick={() => display.setState({ showAutomated: !state.showAutomated })}
        >
          {t.tools.automated}
        </button>
        {editable && (
          <button
            type="button"
            className="mode mode-edit"
            aria-pressed={state.editing !== null}
            data-testid="edit-contours"
            onClick={toggleEditing}
          >
            ✎ {state.editing ? t.tools.done : t.tools.which}
          </button>
        )}
      </span>
    </div>
  );
}

function everyCell(
  acquisitions: AcquisitionView[],
  modes: Record<string, Mode>,
  mode: Mode,
): boolean {
  const slices = acquisitions.flatMap((a) => a.slices.map((s) => ({ a, s })));
  return slices.every(({ a, s }) => modeOf(modes, a, s) === mode);
}

function ToolButton({ tool, now, title }: { tool: Tool; now: Tool; title?: string }) {
  return (
    <button
      type="button"
      className="mode"
      data-testid={`tool-${tool}`}
      aria-pressed={tool === now}
      title={title}
      onClick={() => display.setState({ tool })}
    >
      {t.tools[tool]}
    </button>
  );
}

function EditTools({
  acquisitions,
  slice: key,
}: {
  acquisitions: AcquisitionView[];
  slice: string;
}) {
  const state = useStore(display);
  const slices = acquisitions.flatMap((a) =>
    a.slices.map((s) => ({ key: s.key, words: words(a, s.position) })),
  );
  const slice = findSlice(acquisitions, key);
  return (
    <>
      <label>
        <span className="visually-hidden">{t.tools.which}</span>
        <select
          value={key}
          data-testid="edit-slice"
          onChange={(event) => display.setState({ editing: event.target.value })}
        >
          {slices.map((option) => (
            <option key={option.key} value={option.key}>
              {option.words}
            </option>
          ))}
        </select>
      </label>
      {slice && !slice.contours && <PlaceContours slice={slice} />}
      {EDIT_TOOLS.map((tool) => (
        <ToolButton key={tool} tool={tool} now={state.tool} />
      ))}
      <label>
        <span className="visually-hidden">{t.tools.which}</span>
        <select
          value={state.contour}
          data-testid="edit-which"
          onChange={(event) => display.setState({ contour: event.target.value as "endo" | "epi" })}
        >
          <option value="epi">{t.tools.which_.epi}</option>
          <option value="endo">{t.tools.which_.endo}</option>
        </select>
      </label>
      {state.tool === "sculpt" && (
        <input
          type="range"
          aria-label={t.tools.radius}
          min={3}
          max={20}
          value={state.sculptRadiusMm}
          onChange={(event) => display.setState({ sculptRadiusMm: Number(event.target.value) })}
        />
      )}
      <button
        type="button"
        className="mode"
        disabled={!slice?.edited}
        data-testid="reset-slice"
        onClick={() => commit({ kind: "contour_reset", slice: key })}
      >
        {t.tools.resetSlice}
      </button>
      <CopyContours acquisitions={acquisitions} from={key} />
    </>
  );
}

/** Where nothing was found: round contours in the middle of the cell, to be corrected. */
function PlaceContours({ slice }: { slice: Slice }) {
  const { grid } = useViewer();
  const place = () => {
    const cell = grid.cells.get(slice.key);
    if (!cell) return;
    const middle = cell.imagePoint(cell.size.width / 2, cell.size.height / 2);
    const contours = roundContours(middle, slice.pixel_spacing_mm);
    commit({ kind: "contour", slice: slice.key, contours });
  };
  return (
    <button
      type="button"
      className="button button-small"
      title={t.tools.placeHint}
      data-testid="place-contours"
      onClick={place}
    >
      {t.tools.place}
    </button>
  );
}

/** Contours carry over only where the pixel grids have the same size and spacing. */
function CopyContours({ acquisitions, from }: { acquisitions: AcquisitionView[]; from: string }) {
  const slice = findSlice(acquisitions, from);
  const target = acquisitions
    .flatMap((a) => a.slices.map((s) => ({ a, s })))
    .find(
      ({ s }) =>
        slice &&
        s.key !== from &&
        s.position === slice.position &&
        s.shape[1] === slice.shape[1] &&
        s.shape[2] === slice.shape[2] &&
        String(s.pixel_spacing_mm) === String(slice.pixel_spacing_mm),
    );
  if (!slice?.contours || !target) return null;
  const { contours } = slice;
  const whole = `${t.tools.copy} ${words(target.a, target.s.position)}`;
  return (
    <button
      type="button"
      className="mode"
      aria-label={whole}
      title={whole}
      onClick={() => {
        commit({ kind: "contour", slice: target.s.key, contours });
        display.setState({ editing: target.s.key });
      }}
    >
      {t.tools.copy} {t.conditions[target.a.condition]}
    </button>
  );
}

function words(acquisition: AcquisitionView, position: "basal" | "mid" | "apical"): string {
  return t.words.slice(t.conditions[acquisition.condition], t.positions[position]);
}
