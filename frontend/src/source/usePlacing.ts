import { type KeyboardEvent, type RefObject, useEffect, useState } from "react";
import { t } from "../shared/strings.ts";
import type { PrimaryTool, SourceViewport } from "./cornerstone.ts";
import {
  begin,
  complete,
  measures,
  moved,
  type Placed,
  type Placing,
  POINTS,
  withPoint,
} from "./placing.ts";

/**
 * Keys of a measuring tool: Enter begins and sets points, arrows move, Escape gives up, Delete
 * takes the last measurement back. `crosses` are to be drawn, `words` to be read out.
 */
export function usePlacing(viewport: RefObject<SourceViewport | null>, tool: PrimaryTool) {
  const [placing, setPlacing] = useState<Placing | null>(null);
  const [words, setWords] = useState("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tool begins anew
  useEffect(() => setPlacing(null), [tool]);

  const setPoint = (view: SourceViewport, now: Placing) => {
    const next = withPoint(now);
    if (complete(next)) view.measure(next.tool, next.set);
    setPlacing(complete(next) ? null : next);
    setWords(
      complete(next) ? t.source.measured : t.source.points(next.set.length, POINTS[next.tool]),
    );
  };

  /** Whether the key was one of these. */
  const onKey = (event: KeyboardEvent): boolean => {
    const view = viewport.current;
    if (!view || !measures(tool)) return false;
    if (event.key === "Delete" || event.key === "Backspace") {
      setWords(view.forgetLast() ? t.source.takenBack : "");
      return true;
    }
    if (event.key === "Enter") {
      if (placing) setPoint(view, placing);
      else {
        setPlacing(begin(tool, view.size()));
        setWords(t.source.begun(POINTS[tool]));
      }
      return true;
    }
    if (!placing) return false;
    if (event.key === "Escape") {
      setPlacing(null);
      setWords(t.source.givenUp);
      return true;
    }
    const next = moved(placing, event.key, event.shiftKey, view.size());
    if (next) setPlacing(next);
    return next !== null;
  };

  const crosses: Placed[] = placing ? [...placing.set, placing.at] : [];
  return { crosses, words, onKey };
}
