/**
 * The built pages over an invented study, without Django: `npm run build && npm run dev`.
 *
 * /studies/1/ the reading room, /studies/2/ single sequence, /studies/3/ one condition and two
 * slices, /studies/4/ running, /studies/5/ failed, / the worklist. Edits live until it is stopped.
 */

import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import type { Edit } from "../src/api/readingTypes.ts";
import type { SourceSeries, WorklistRow } from "../src/api/studyTypes.ts";
import { edit, opened, result, session, sessions } from "./session.ts";

const DIST = process.env.DIST ?? new URL("../dist/", import.meta.url).pathname;
const DICOM = process.env.DICOM;
const PORT = Number(process.env.PORT ?? 5173);
const CSP =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src 'self' data: blob:; style-src 'self'; style-src-attr 'unsafe-inline'; object-src 'none'";
const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

/** Files of one folder (environment variable DICOM) as one source series. */
async function sourceSeries(): Promise<SourceSeries[]> {
  if (!DICOM) return [];
  const files = (await readdir(DICOM)).toSorted();
  return [
    {
      id: 1,
      series_instance_uid: "1.2.3",
      number: 4,
      description: "Stress perfusion",
      modality: "MR",
      instance_count: files.length,
      image_uids: files,
      image_urls: files.map((name) => `/dicom/${encodeURIComponent(name)}`),
      classification: {
        kind: "perfusion",
        used: true,
        condition: "stress",
        positions: ["basal"],
        sequence: "single",
        frames: files.length,
        time_points: files.length,
        reason: "",
        evidence: ["the description says stress perfusion"],
        confidence: 0.8,
        flags: [],
      },
      correction: null,
      corrected_by: null,
      corrected_at: null,
    },
  ];
}

function worklist(query: URLSearchParams) {
  const states = ["ready", "running", "failed", "reading", "signed", "ready"];
  const words = [
    "Ready to read",
    "Analysis running",
    "Analysis failed",
    "Draft",
    "Signed",
    "Ready to read",
  ];
  const rows: WorklistRow[] = Array.from({ length: 137 }, (_, i) => ({
    id: (i % 5) + 1,
    patient_name: `Phantom, ${["Ada", "Ben", "Cleo", "Dan", "Eve"][i % 5]} ${i}`,
    patient_id: `SIM-${String(i).padStart(4, "0")}`,
    birth_date: `19${40 + (i % 50)}-03-14`,
    study_date: `2026-11-${String(20 - (i % 19)).padStart(2, "0")}`,
    accession_number: `A-${1000 + i}`,
    description: i % 3 ? "Adenosine stress + rest perfusion" : "Rest perfusion",
    site: i % 2 ? "Site B" : "Site A",
    conditions: i % 3 ? ["stress", "rest"] : ["rest"],
    sequence_class: i % 4 ? "dual" : "single",
    field_strength_t: i % 2 ? 3 : 1.5,
    state: states[i % 6] ?? "",
    state_words: words[i % 6] ?? "",
    stage: i % 6 === 1 ? "motion" : "",
    progress: i % 6 === 1 ? (Date.now() / 20000) % 1 : null,
    failure_message: i % 6 === 2 ? "No series of this study is a perfusion series." : "",
    flag_count: i % 4,
    received_at: "2026-11-20T08:00:00Z",
    reader: i % 6 === 3 ? "A. Reader" : null,
    assigned_to: null,
  }));
  const q = (query.get("q") ?? "").toLowerCase();
  const found = rows.filter(
    (row) =>
      `${row.patient_name} ${row.patient_id} ${row.accession_number}`.toLowerCase().includes(q) &&
      (!query.get("state") || row.state === query.get("state")),
  );
  const page = Number(query.get("page") ?? 1);
  return {
    count: found.length,
    page,
    pages: Math.max(1, Math.ceil(found.length / 50)),
    results: found.slice((page - 1) * 50, page * 50),
  };
}

async function page(entry: string, body: string, title: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(DIST, "manifest.json"), "utf8"));
  const styles = new Set<string>();
  const walk = (key: string) => {
    for (const imported of manifest[key].imports ?? []) walk(imported);
    for (const css of manifest[key].css ?? []) styles.add(css);
  };
  const entries =
    entry === "viewer" ? ["src/viewer/main.tsx"] : ["src/pages/site.ts", `src/pages/${entry}.ts`];
  entries.forEach(walk);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<link rel="icon" href="/static/icon.svg">${[...styles].map((css) => `<link rel="stylesheet" href="/static/${css}">`).join("")}
${entries.map((key) => `<script type="module" src="/static/${manifest[key].file}"></script>`).join("")}
</head><body>${body}<div id="announcements" role="status" class="visually-hidden"></div></body></html>`;
}

async function body(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

const HEADER = `<header class="site-header"><a class="brand" href="/"><img src="/static/icon.svg" alt="">QPerf Web</a>
<nav class="site-nav" aria-label="Main"><a href="/" aria-current="page">Worklist</a><a href="/upload/">Upload</a></nav>
<div class="site-user"><span>A. Reader</span></div></header>`;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", `http://localhost:${PORT}`);
  const send = (content: unknown, status = 200) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(content));
  };
  const sendPage = (html: string) => {
    response.writeHead(200, { "Content-Type": "text/html", "Content-Security-Policy": CSP });
    response.end(html);
  };
  const [, api, kind, idText, verb] = url.pathname.split("/");
  const id = Number(idText);
  if (url.pathname.startsWith("/static/")) {
    const file = normalize(url.pathname.slice("/static/".length));
    const content = await readFile(join(DIST, file));
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(content);
  } else if (url.pathname === "/") {
    sendPage(
      await page(
        "worklist",
        `${HEADER}<main id="main" class="site-main"><div id="worklist" class="worklist"></div></main>`,
        "Worklist",
      ),
    );
  } else if (api === "studies") {
    sendPage(
      await page(
        "viewer",
        `<div id="viewer" data-study="${Number(kind)}" data-worklist="/"></div>`,
        "Study",
      ),
    );
  } else if (api === "api" && kind === "studies" && !idText) send(worklist(url.searchParams));
  else if (api === "api" && kind === "studies" && verb === "viewer")
    send(session(id).fixture.state);
  else if (api === "api" && kind === "studies" && verb === "series") send(await sourceSeries());
  else if (api === "dicom" && DICOM) {
    const content = await readFile(join(DICOM, normalize(decodeURIComponent(kind ?? ""))));
    response.writeHead(200, { "Content-Type": "application/dicom" });
    response.end(content);
  } else if (api === "api" && kind === "studies" && verb === "readings") {
    opened(session(id));
    send(result(session(id)));
  } else if (api === "api" && kind === "runs" && verb === "arrays") {
    const bytes = [...sessions.values()]
      .map((s) => s.fixture.arrays.get(url.pathname))
      .find(Boolean);
    response.writeHead(bytes ? 200 : 404, { "Content-Type": "application/octet-stream" });
    response.end(bytes);
  } else if (api === "api" && kind === "readings" && verb === "edits") {
    const wanted = (await body(request)) as Edit;
    const reading = opened(session(id));
    if (wanted.base_revision !== reading.revision) {
      const detail = { current_revision: reading.revision, author: "B. Reader" };
      send(
        {
          error: {
            code: "conflict",
            message: "It was changed in the meantime.",
            field: null,
            detail,
          },
        },
        409,
      );
    } else send(edit(session(id), wanted));
  } else if (api === "api" && kind === "readings" && verb === "history") send(session(id).history);
  else if (api === "api" && kind === "readings" && verb === "sign") {
    const { password } = (await body(request)) as { password: string };
    if (password !== "demo") {
      send(
        {
          error: {
            code: "wrong_password",
            message: "That is not your password.",
            field: "password",
            detail: null,
          },
        },
        403,
      );
      return;
    }
    Object.assign(opened(session(id)), {
      state: "signed",
      editable: false,
      signed_at: new Date().toISOString(),
      signed_by: "A. Reader",
    });
    send(result(session(id)));
  } else
    send(
      {
        error: { code: "not_found", message: "There is nothing here.", field: null, detail: null },
      },
      404,
    );
}

createServer((request, response) => {
  answer(request, response).catch((error) => {
    response.writeHead(500);
    response.end(String(error));
  });
}).listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}/`));
