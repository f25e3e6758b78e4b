import { type FormEvent, useRef, useState } from "react";
import { useStore } from "zustand";
import type { AcquisitionView } from "../api/analysisTypes.ts";
import { BUILT_IN, builtInModes, displayOf, layoutOf, withLayout } from "../logic/layouts.ts";
import { announce } from "../shared/dom.ts";
import { t } from "../shared/strings.ts";
import { display, type Rows } from "../store/display.ts";
import { preferences, setLayouts } from "../store/preferences.ts";

/** What all cells show at once: built-in layouts, and those that the reader keeps by name. */
export function LayoutMenu({ acquisitions }: { acquisitions: AcquisitionView[] }) {
  const { layouts, failed } = useStore(preferences);
  const rows = useStore(display, (s) => s.rows);
  const menu = useRef<HTMLDetailsElement>(null);
  const [name, setName] = useState("");
  const [error, setError] = useState("");
  const close = () => {
    if (menu.current) menu.current.open = false;
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    if (!wanted) return;
    const next = withLayout(layouts, layoutOf(wanted, display.getState()));
    setError(next ? "" : t.layouts.full);
    if (!next) return;
    setLayouts(next);
    setName("");
    announce(t.layouts.saved);
  };
  return (
    <details
      ref={menu}
      className="menu"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !menu.current?.open) return;
        event.stopPropagation();
        close();
        menu.current.querySelector("summary")?.focus();
      }}
    >
      <summary className="mode mode-edit" data-testid="layouts">
        {t.layouts.label} ▾
      </summary>
      <div className="menu-items panel layout-menu">
        {BUILT_IN.map((one) => (
          <button
            key={one}
            type="button"
            data-testid={`layout-${one}`}
            onClick={() => {
              display.setState({ modes: builtInModes(one, acquisitions) });
              close();
            }}
          >
            {t.layouts.builtIn[one]}
          </button>
        ))}
        <fieldset>
          <legend className="muted">{t.layouts.rows}</legend>
          {(["all", "stress", "rest"] as const).map((one: Rows) => (
            <label key={one}>
              <input
                type="radio"
                name="rows"
                checked={rows === one}
                onChange={() => display.setState({ rows: one })}
              />
              {t.layouts.rowChoices[one]}
            </label>
          ))}
        </fieldset>
        {layouts.length > 0 && <p className="muted">{t.layouts.mine}</p>}
        {layouts.map((layout) => (
          <span key={layout.name} className="layout-own">
            <button
              type="button"
              onClick={() => {
                display.setState(displayOf(layout));
                close();
              }}
            >
              {layout.name}
            </button>
            <button
              type="button"
              aria-label={t.layouts.remove(layout.name)}
              onClick={() => setLayouts(layouts.filter((one) => one !== layout))}
            >
              ✕
            </button>
          </span>
        ))}
        <form onSubmit={save}>
          <input
            aria-label={t.layouts.name}
            placeholder={t.layouts.save}
            maxLength={40}
            value={name}
            data-testid="layout-name"
            onChange={(event) => setName(event.target.value)}
          />
          <button type="submit" className="button button-small" data-testid="layout-save">
            {t.common.save}
          </button>
        </form>
        {error && <p role="alert">{error}</p>}
        {failed && <p className="muted">{t.layouts.notKept}</p>}
      </div>
    </details>
  );
}
