import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { required } from "../shared/dom.ts";
import { watchSession } from "../shared/session.ts";
import { followPreferences } from "../store/preferences.ts";
import { drain, openStudy } from "../store/study.ts";
import { App } from "./App.tsx";
import "../styles/session.css";
import "../styles/viewer.css";

const root = required<HTMLElement>("#viewer");
void openStudy(Number(root.dataset.study));
void followPreferences();
watchSession();
addEventListener("qperf-signed-in", () => void drain());

createRoot(root).render(
  <StrictMode>
    <App worklistUrl={root.dataset.worklist ?? "/"} userName={root.dataset.user ?? ""} />
  </StrictMode>,
);
