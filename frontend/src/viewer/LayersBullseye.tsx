import { useStore } from "zustand";
import type { Condition } from "../api/basicTypes.ts";
import type { TableRow } from "../api/readingTypes.ts";
import { wedges } from "../logic/bullseye.ts";
import { formatNumber } from "../logic/numbers.ts";
import { type PaletteName, valueColour } from "../logic/palette.ts";
import { t } from "../shared/strings.ts";
import { display } from "../store/display.ts";
import { hotHandlers } from "../store/hot.ts";

const WEDGES = wedges();

/** Every segment in two rings: its endocardial half inside, its epicardial half outside. */
export function LayersBullseye({
  title,
  rows,
  condition,
  palette,
  range,
}: {
  title: string;
  rows: ReadonlyMap<TableRow["segment"], TableRow>;
  condition: Condition;
  palette: PaletteName;
  range: readonly [number, number];
}) {
  const selected = useStore(display, (s) => s.segment);
  const shown = WEDGES.map((wedge) => {
    const row = rows.get(wedge.segment);
    const value = row?.[condition];
    const [inner, outer] = [value?.endo ?? null, value?.epi ?? null];
    const words = t.assess.views.layer(
      wedge.segment,
      row?.name ?? "",
      formatNumber(inner),
      formatNumber(outer),
    );
    return { ...wedge, inner, outer, words };
  });
  return (
    <svg
      viewBox="-1.02 -1.02 2.04 2.04"
      role="img"
      aria-label={`${title}; ${shown.map((one) => one.words).join("; ")}`}
    >
      {shown.map(({ segment, path, endo, epi, inner, outer, words }) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the table offers the same by keyboard
        <g
          key={segment}
          className="wedge wedge-layers"
          data-segment={segment}
          data-selected={segment === selected || undefined}
          onClick={() => display.setState({ segment })}
          {...hotHandlers(segment)}
        >
          <title>{words}</title>
          <path className="layer" d={endo} fill={valueColour(palette, inner, range)} />
          <path className="layer" d={epi} fill={valueColour(palette, outer, range)} />
          <path className="layer-edge" d={path} fill="none" />
        </g>
      ))}
    </svg>
  );
}
