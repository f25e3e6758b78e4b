/** Who is to read a study: a list in the row for those who may give studies, else the name. */

import { getJson, postJson } from "../../api/client.ts";
import type { WorklistRow } from "../../api/studyTypes.ts";
import { announce, element } from "../../shared/dom.ts";
import { t } from "../../shared/strings.ts";

export interface Reader {
  id: number;
  name: string;
  sites: string[];
}

/** GET /api/readers/; nobody when the list cannot be had. */
export async function assignableReaders(): Promise<Reader[]> {
  try {
    return await getJson<Reader[]>("/api/readers/");
  } catch {
    return [];
  }
}

export function assignment(row: WorklistRow, readers: readonly Reader[]): Node {
  const possible = readers.filter((reader) => reader.sites.includes(row.site));
  if (possible.length === 0 || row.state === "signed") {
    return document.createTextNode(row.reader ?? "");
  }
  const list = element("select", {
    class: "assign-select",
    "aria-label": t.assess.worklist.assign(row.patient_name || row.patient_id),
    "data-testid": `assign-${row.id}`,
  });
  list.append(element("option", { value: "" }, "–"));
  for (const { id, name } of possible) list.append(element("option", { value: id }, name));
  // Somebody who may not read there any more still stands here until it is changed.
  if (row.assigned_to !== null && !possible.some(({ id }) => id === row.assigned_to)) {
    list.append(element("option", { value: row.assigned_to }, row.reader ?? ""));
  }
  list.value = row.assigned_to === null ? "" : String(row.assigned_to);
  list.addEventListener("change", () => {
    const reader = list.value ? Number(list.value) : null;
    list.blur();
    postJson(`/api/studies/${row.id}/assignment/`, { reader }).catch((error) => {
      list.value = row.assigned_to === null ? "" : String(row.assigned_to);
      announce(error instanceof Error ? error.message : String(error));
    });
  });
  return list;
}
