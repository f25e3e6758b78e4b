/** Waiting changes to the analysis in plain words. */

import type { ViewerState } from "../api/readingTypes.ts";
import { modelWords } from "../logic/modes.ts";
import type { Repair } from "../logic/repair.ts";
import { t } from "../shared/strings.ts";
import { sliceWords } from "./FlagsPanel.tsx";

export function repairWords(repair: Repair, data: ViewerState): string[] {
  const condition = (key: string) => {
    const found = data.acquisitions.find((a) => a.key === key);
    return found ? t.conditions[found.condition].toLowerCase() : key;
  };
  const frames = (list: number[]) =>
    list.length === 0
      ? t.repair.noneLeftOut
      : t.repair.leftOut(list.map((f) => f + 1).join(", "), list.length > 1);
  const before = data.result_run?.parameters.haematocrit ?? 0;
  return [
    ...Object.entries(repair.polygons).map(([key, polygon]) =>
      polygon ? t.repair.polygon(condition(key)) : t.repair.polygonBack(condition(key)),
    ),
    ...Object.entries(repair.aifFrames).map(([key, list]) =>
      t.repair.aifFrames(condition(key), frames(list)),
    ),
    ...Object.entries(repair.frames).map(([key, list]) =>
      t.repair.frames(sliceWords(data, key), frames(list)),
    ),
    ...(repair.models === null
      ? []
      : [t.repair.models(repair.models.map(modelWords).join(", ") || t.repair.noModels)]),
    ...(repair.haematocrit === null
      ? []
      : [t.repair.haematocrit(String(repair.haematocrit), String(before))]),
  ];
}
