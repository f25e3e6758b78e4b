import { t } from "../shared/strings.ts";
import type { PrimaryTool } from "./cornerstone.ts";
import { measures, POINTS } from "./placing.ts";

const LOOKING: PrimaryTool[] = ["window", "pan", "zoom"];
const MEASURING = Object.keys(POINTS) as PrimaryTool[];

/** Tools of the source images; measuring needs WebGL. */
export function StackToolbar({
  measuring,
  tool,
  choose,
  reset,
}: {
  measuring: boolean;
  tool: PrimaryTool;
  choose: (tool: PrimaryTool) => void;
  reset: () => void;
}) {
  return (
    <div className="toolbar" role="toolbar" aria-label={t.tools.label}>
      {[...LOOKING, ...(measuring ? MEASURING : [])].map((name) => (
        <button
          key={name}
          type="button"
          className="mode"
          data-testid={`source-${name}`}
          aria-pressed={tool === name}
          onClick={() => choose(name)}
        >
          {t.source.tools[name]}
        </button>
      ))}
      <button type="button" className="mode" onClick={reset}>
        {t.source.reset}
      </button>
      <span className="muted">{measures(tool) ? t.source.measureHint : t.source.hint}</span>
    </div>
  );
}
