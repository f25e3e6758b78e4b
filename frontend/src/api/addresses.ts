/** Where the open study lives in the API: by itself, or as a case of a project. */

/** What lies beside the viewer, for those who may go there; a blinded case offers none of it. */
export interface Places {
  /** A case of a project does not name its study: addresses below /api/studies/ are closed. */
  ofCase: boolean;
  trail?: string;
  deidentified?: string;
  erase?: string;
}

export function placesBeside(): Places {
  const { api, trail, deidentified, erase } =
    document.querySelector<HTMLElement>("#viewer")?.dataset ?? {};
  return { ofCase: api !== undefined, trail, deidentified, erase };
}

/** The base of the viewer's state and its readings; a blinded case does not name its study. */
export function studyApi(id: number): string {
  const own = document.querySelector<HTMLElement>("#viewer")?.dataset.api;
  return own ?? `/api/studies/${id}`;
}
