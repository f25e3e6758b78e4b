/** Small helpers for the pages that are not React. */

type Child = Node | string | null | undefined;

/** An element with attributes and children; text is never parsed as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number | boolean | null | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** The element that a page cannot work without. */
export function required<T extends Element>(selector: string, root: ParentNode = document): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`This page lacks ${selector}`);
  return found;
}

/** Call after the last of a burst, e.g. of key presses. */
export function debounced<A extends unknown[]>(
  action: (...args: A) => void,
  milliseconds: number,
): (...args: A) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), milliseconds);
  };
}

/** Polite announcement for screen readers through the page's live region. */
export function announce(text: string): void {
  const region = document.querySelector("#announcements");
  if (region) region.textContent = text;
}

/** A progress bar with its value in words; null means "busy, no share known". */
export function progressBar(share: number | null, label: string): HTMLElement {
  const percent = share === null ? null : Math.round(Math.min(1, Math.max(0, share)) * 100);
  const bar = element("div", {
    class: percent === null ? "progress progress-busy" : "progress",
    role: "progressbar",
    "aria-label": label,
    "aria-valuemin": 0,
    "aria-valuemax": 100,
    "aria-valuenow": percent,
  });
  const fill = element("span", { class: "progress-fill" });
  if (percent !== null) fill.style.inlineSize = `${percent}%`;
  bar.append(fill);
  return bar;
}
