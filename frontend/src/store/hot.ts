/** The segment under the pointer or focus, lit everywhere at once through CSS, without React. */

import { createStore } from "zustand/vanilla";

export const hot = createStore<{ segment: number | null }>()(() => ({ segment: null }));

export function setHot(segment: number | null): void {
  if (hot.getState().segment === segment) return;
  hot.setState({ segment });
  const root = document.documentElement;
  if (segment === null) delete root.dataset.hot;
  else root.dataset.hot = String(segment);
}

/** Handlers for anything that stands for one segment. */
export function hotHandlers(segment: number) {
  return {
    onPointerEnter: () => setHot(segment),
    onPointerLeave: () => setHot(null),
    onFocus: () => setHot(segment),
    onBlur: () => setHot(null),
  };
}
