/** Requests to the server: JSON in and out, CSRF token, one error class. */

import type { ApiError } from "./basicTypes.ts";

export class RequestFailed extends Error {
  override name = "RequestFailed";
  readonly code: string;
  readonly status: number;
  readonly detail: unknown;

  constructor(message: string, code: string, status: number, detail: unknown = null) {
    super(message);
    this.code = code;
    this.status = status;
    this.detail = detail;
  }

  /** The session has ended; the same request may succeed after signing in again. */
  get signedOut(): boolean {
    return this.status === 401 || this.code === "stale_form";
  }

  /** The server was not reached or is restarting: the same request may succeed later. */
  get transient(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** The cookie before the page's own token: signing in again in another tab changes it. */
export function csrfToken(): string {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  if (cookie) return decodeURIComponent(cookie.slice("csrftoken=".length));
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

/** Names whose page this is: the server refuses what comes from it after somebody else signed in. */
function personHeader(): Record<string, string> {
  const person = document.querySelector<HTMLMetaElement>('meta[name="session"]')?.content;
  return person ? { "X-QPerf-Person": person } : {};
}

async function failure(response: Response): Promise<RequestFailed> {
  try {
    const { error } = (await response.json()) as ApiError;
    return new RequestFailed(error.message, error.code, response.status, error.detail);
  } catch {
    return new RequestFailed(
      `The server answered with status ${response.status}.`,
      "unexpected",
      response.status,
    );
  }
}

async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new RequestFailed("The server cannot be reached.", "offline", 0);
  }
  if (!response.ok) {
    const failed = await failure(response);
    if (failed.status === 401) globalThis.dispatchEvent?.(new Event("qperf-signed-out"));
    throw failed;
  }
  return response;
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  const response = await send(url, { headers: { Accept: "application/json" }, signal });
  return (await response.json()) as T;
}

export function postJson<T>(url: string, body: unknown): Promise<T> {
  return sendJson<T>("POST", url, body);
}

export function putJson<T>(url: string, body: unknown): Promise<T> {
  return sendJson<T>("PUT", url, body);
}

export async function sendJson<T>(method: string, url: string, body: unknown): Promise<T> {
  const response = await send(url, {
    method,
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRFToken": csrfToken(),
      ...personHeader(),
    },
    body: JSON.stringify(body),
  });
  return (response.status === 204 ? null : await response.json()) as T;
}

export async function getBytes(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await send(url, { signal })).arrayBuffer();
}
