import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { required } from "../shared/dom.ts";
import { followPreferences } from "../store/preferences.ts";
import { openStudy } from "../store/study.ts";
import { App } from "./App.tsx";
import "../styles/viewer.css";

const root = required<HTMLElement>("#viewer");
void openStudy(Number(root.dataset.study));
void followPreferences();

createRoot(root).render(
  <StrictMode>
    <App worklistUrl={root.dataset.worklist ?? "/"} userName={root.dataset.user ?? ""} />
  </StrictMode>,
);
