// One page of paper or PDF: the sheet as vectors at its true size, with what it is and how it is drawn.
//
// The stylesheet does the printing, so that the browser's own command prints the same page as the button. Here are
// only the words for it, and the share of the true size where a tall sheet would not fit the page.

import { printShare } from "../ecg/print.js";

export class Printing {
  /** @param {HTMLElement} root @param {HTMLElement} viewer @param {Function} words */
  constructor(root, viewer, words) {
    this.root = root;
    this.viewer = viewer;
    this.words = words;
    root.querySelector("[data-part=print]").addEventListener("click", () => window.print());
    window.addEventListener("beforeprint", () => {
      document.dispatchEvent(new CustomEvent("tool", { detail: { name: "print" } }));
    });
  }

  /** Say on the printed page what is on view. */
  describe({ sheet }, { code, line }) {
    const share = printShare(sheet);
    this.viewer.style.setProperty("--print-share", share);
    const { startS, endS, pages } = sheet.window;
    const part =
      pages > 1 ? this.words("print-window", { start: startS.toFixed(0), end: endS.toFixed(0) }) : null;
    const size =
      share === 1
        ? this.words("print-true")
        : this.words("print-share", { percent: Math.round(share * 100) });
    this.root.querySelector("[data-part=print-code]").textContent = code;
    this.root.querySelector("[data-part=print-line]").textContent = [line, part, size]
      .filter(Boolean)
      .join(" · ");
  }
}
