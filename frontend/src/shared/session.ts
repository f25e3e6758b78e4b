/**
 * The sign-in on every page: a warning before it ends, "stay signed in", and signing in again in
 * another window while this page, with whatever is not saved yet, waits behind a cover.
 */

import { csrfToken } from "../api/client.ts";
import { element } from "./dom.ts";
import { t } from "./strings.ts";

interface SessionState {
  person: number;
  ends_in_s: number;
  ends_latest_in_s: number;
  idle_s: number;
}

const ADDRESS = "/accounts/session/";
const SIGN_IN = "/accounts/login/?next=/accounts/signed-in/";
const WARN_S = 120;

/** Sent to all windows of this browser: somebody signed in, or the session was prolonged. */
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("qperf-session") : null;

let endsAt = Number.POSITIVE_INFINITY;
let endsLatestAt = Number.POSITIVE_INFINITY;
let idleMs = 3_600_000;
let lastReport = 0;
let dialog: HTMLDialogElement | null = null;
let shown: "none" | "warning" | "ended" = "none";

/** Whose page this is: the person who was signed in when it was opened. */
export function person(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="session"]')?.content ?? "";
}

/** Begin to watch; nothing happens on pages for people who are signed out. */
export function watchSession(): void {
  if (document.querySelector("[data-signed-in-again]")) channel?.postMessage("changed");
  if (!person()) return;
  void ask("GET");
  for (const name of ["pointerdown", "keydown"]) {
    addEventListener(name, reportPresence, { passive: true, capture: true });
  }
  channel?.addEventListener("message", () => void ask("GET"));
  addEventListener("qperf-signed-out", () => show("ended"));
  document.addEventListener("visibilitychange", () => document.hidden || void ask("GET"));
  setInterval(tick, 1000);
}

function tick(): void {
  const left = endsAt - Date.now();
  if (shown === "ended") return;
  if (left <= 0) {
    show("ended");
  } else if (left <= Math.min(WARN_S * 1000, idleMs / 2)) {
    show("warning");
    const seconds = Math.ceil(left / 1000);
    const clock = dialog?.querySelector("[data-left]");
    if (clock) clock.textContent = t.session.left(Math.floor(seconds / 60), seconds % 60);
  } else if (shown === "warning") {
    hide();
  }
}

/** Keys and pointer say that the person is there; told to the server only now and then. */
function reportPresence(): void {
  const now = Date.now();
  if (shown !== "none" || now - lastReport < Math.min(60_000, idleMs / 4)) return;
  lastReport = now;
  void ask("POST");
}

async function ask(method: "GET" | "POST"): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(ADDRESS, {
      method,
      credentials: "same-origin",
      headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
    });
  } catch {
    return; // no connection says nothing about the session
  }
  if (answer.status === 401) return show("ended");
  if (!answer.ok) return;
  const state = (await answer.json()) as SessionState;
  if (String(state.person) !== person()) return show("ended");
  endsAt = Date.now() + state.ends_in_s * 1000;
  endsLatestAt = Date.now() + state.ends_latest_in_s * 1000;
  idleMs = state.idle_s * 1000;
  if (shown === "ended") {
    hide();
    dispatchEvent(new Event("qperf-signed-in"));
  }
  if (method === "POST") channel?.postMessage("changed");
  tick();
}

function show(what: "warning" | "ended"): void {
  if (shown === what) return;
  hide();
  shown = what;
  dialog = what === "warning" ? warning() : ended();
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
}

function hide(): void {
  dialog?.close();
  dialog?.remove();
  dialog = null;
  shown = "none";
}

function warning(): HTMLDialogElement {
  const last = endsLatestAt - endsAt < 1000;
  const stay = button(t.session.stay, "button button-primary", () => void ask("POST"));
  return element(
    "dialog",
    {
      class: "session-dialog",
      "aria-labelledby": "session-title",
      "data-testid": "session-warning",
    },
    element("h2", { id: "session-title" }, t.session.ending),
    element("p", { "data-left": true, "aria-live": "off" }),
    element("p", { class: "muted" }, last ? t.session.longest : t.session.idle),
    element("p", { class: "button-row" }, last ? signInLink() : stay),
  );
}

function ended(): HTMLDialogElement {
  return element(
    "dialog",
    {
      class: "session-dialog session-cover",
      "aria-labelledby": "session-title",
      "data-testid": "session-ended",
    },
    element("h2", { id: "session-title" }, t.session.ended),
    element("p", {}, t.session.kept),
    element("p", { class: "button-row" }, signInLink()),
  );
}

function signInLink(): HTMLElement {
  const attributes = { class: "button button-primary", href: SIGN_IN, target: "_blank" };
  return element("a", { ...attributes, "data-testid": "sign-in-again" }, t.session.again);
}

function button(text: string, style: string, action: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", class: style }, text);
  made.addEventListener("click", action);
  return made;
}
