/** Earlier exams of the patient, fetched when somebody asks; again when the reading has changed. */

import { createStore } from "zustand/vanilla";
import { placesBeside } from "../api/addresses.ts";
import type { Prior } from "../api/assess.ts";
import { getJson } from "../api/client.ts";
import { study } from "./study.ts";

export const priors = createStore<{ list: Prior[] | null; of: string }>()(() => ({
  list: null,
  of: "",
}));

/** Fetch unless what is here belongs to this study at this revision. */
export async function loadPriors(): Promise<void> {
  const { id, data } = study.getState();
  const of = `${id}:${data?.reading?.revision ?? 0}`;
  if (priors.getState().of === of) return;
  if (placesBeside().ofCase) {
    priors.setState({ list: [], of });
    return;
  }
  priors.setState({ of });
  try {
    const list = await getJson<Prior[]>(`/api/studies/${id}/priors/`);
    if (priors.getState().of === of) priors.setState({ list });
  } catch {
    // Offline: what is here stays; the next change asks again.
    priors.setState({ of: "" });
  }
}
