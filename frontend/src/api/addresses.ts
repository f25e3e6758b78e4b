/** Where the open study lives in the API: by itself, or as a case of a project. */

/** The base of the viewer's state and its readings; a blinded case does not name its study. */
export function studyApi(id: number): string {
  const own = document.querySelector<HTMLElement>("#viewer")?.dataset.api;
  return own ?? `/api/studies/${id}`;
}
