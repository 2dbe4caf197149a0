// A dialog for one tool. It is created when it opens and removed when it closes, so its keys work only while
// it is open.

import { make } from "../dom.js";

/** @import { Words } from "../texts.js" */

/**
 * Open a modal dialog. The close button, Escape, and a click outside close it.
 *
 * @param {HTMLElement} desk
 * @param {{title: string, note?: string, body: Node[], head?: Node[], isNarrow?: boolean}} content
 * @param {Words} words
 */
export function openDialog(desk, { title, note = "", body, head = [], isNarrow = false }, words) {
  const close = make(
    "button",
    {
      type: "button",
      class: "icon-button tool-close",
      "aria-label": words("close"),
      title: `${words("close")} (Esc)`,
    },
    "×",
  );
  const dialog = make(
    "dialog",
    { class: `desk-dialog tool-dialog ${isNarrow ? "is-narrow" : ""}`, "aria-labelledby": "tool-title" },
    make(
      "header",
      { class: "tool-head" },
      make("h2", { id: "tool-title", tabindex: "-1" }, title),
      ...head,
      close,
    ),
    make("p", { class: "tool-note", "data-part": "tool-note", role: "status" }, note),
    ...body,
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  desk.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Create a toggle button, or one of several buttons that select an option.
 *
 * @param {string} text
 * @param {{isOn: boolean, key?: string | null, label?: string | null, onClick: (event: MouseEvent) => void,
 *   name?: string | null}} options
 */
export function toggle(text, { isOn, key = null, label = null, onClick, name = null }) {
  const button = make(
    "button",
    {
      type: "button",
      class: "tool-toggle",
      "aria-pressed": String(isOn),
      "aria-keyshortcuts": key,
      "data-key-label": label,
      "aria-label": name,
      title: label && key ? `${label}` : null,
    },
    text,
  );
  button.addEventListener("click", onClick);
  return button;
}
