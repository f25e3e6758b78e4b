/** How this reader likes the room, kept on the server: found again at every workplace. */

import { createStore } from "zustand/vanilla";
import { getJson, putJson } from "../api/client.ts";
import type { Layout, Preferences } from "../api/imageTypes.ts";
import { displayOf, layoutOf } from "../logic/layouts.ts";
import { type Display, display, KEPT } from "./display.ts";

const URL = "/api/me/preferences/";
const SETTLED_MS = 1200;

export const preferences = createStore<{ layouts: Layout[]; failed: boolean }>()(() => ({
  layouts: [],
  failed: false,
}));

const WATCHED = [...KEPT, "modes", "rows"] as const;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Fetch and apply, then follow every change; returns how to stop. */
export async function followPreferences(): Promise<() => void> {
  try {
    const { viewer = {} } = await getJson<Preferences>(URL);
    const { layouts = [], layout, ...kept } = viewer;
    preferences.setState({ layouts });
    display.setState({ ...(kept as Partial<Display>), ...(layout ? displayOf(layout) : {}) });
  } catch {
    // The room works with what this browser remembers.
    preferences.setState({ failed: true });
  }
  const leave = display.subscribe((state, before) => {
    if (WATCHED.some((key) => state[key] !== before[key])) keepSoon();
  });
  return () => {
    leave();
    clearTimeout(timer);
  };
}

export function setLayouts(layouts: Layout[]): void {
  preferences.setState({ layouts });
  keepSoon();
}

function keepSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void keep(), SETTLED_MS);
}

async function keep(): Promise<void> {
  const state = display.getState();
  const viewer: Preferences["viewer"] = {
    ...Object.fromEntries(KEPT.map((key) => [key, state[key]])),
    layout: layoutOf("last", state),
    layouts: preferences.getState().layouts,
  };
  try {
    await putJson(URL, { viewer });
    preferences.setState({ failed: false });
  } catch {
    preferences.setState({ failed: true });
  }
}
