import { type ReactNode, useEffect, useRef } from "react";
import { t } from "../shared/strings.ts";

/**
 * A native modal dialog: it traps the focus, closes on Escape and gives the focus back.
 * data-first-focus names the field to begin with; without one it is the close button.
 */
export function Modal({
  title,
  close,
  children,
  wide = false,
  testId,
}: {
  title: string;
  close: () => void;
  children: ReactNode;
  wide?: boolean;
  testId?: string;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const node = dialog.current;
    const before = document.activeElement as HTMLElement | null;
    if (node && !node.open) node.showModal();
    node?.querySelector<HTMLElement>("[data-first-focus]")?.focus();
    return () => {
      node?.close();
      before?.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby="dialog-title"
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <header className="dialog-head">
        <h2 id="dialog-title">{title}</h2>
        <button
          type="button"
          className="button button-icon"
          aria-label={t.common.close}
          onClick={close}
        >
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}
