// Printing one page: the sheet as vectors at actual size, with the exam's code and settings.
//
// The style sheet lays out the page, so the browser's Print command gives the same result as the button.
// This file sets the texts and, if a tall sheet does not fit the page, the scale.

import { partsOf } from "../../dom.js";
import { printShare } from "../../ecg/print.js";

/** @import { EcgViewer } from "../../ecg/viewer.js" */
/** @import { SheetView } from "../../ecg/types.js" */
/** @import { Words } from "../../texts.js" */

export class Printing {
  /**
   * @param {HTMLElement} root
   * @param {EcgViewer} viewer
   * @param {Words} words
   */
  constructor(root, viewer, words) {
    this.part = partsOf(root);
    this.viewer = viewer;
    this.words = words;
    this.part("print").addEventListener("click", () => window.print());
    window.addEventListener("beforeprint", () => {
      document.dispatchEvent(new CustomEvent("tool", { detail: { name: "print" } }));
    });
  }

  /**
   * Set the texts and scale of the printed page for the displayed sheet.
   *
   * @param {Pick<SheetView, "sheet">} view
   * @param {{code: string, line: string}} texts
   */
  describe({ sheet }, { code, line }) {
    const share = printShare(sheet);
    this.viewer.style.setProperty("--print-share", String(share));
    const { startS, endS, pages } = sheet.window;
    const part =
      pages > 1 ? this.words("print-window", { start: startS.toFixed(0), end: endS.toFixed(0) }) : null;
    const size =
      share === 1
        ? this.words("print-actual-size")
        : this.words("print-share", { percent: Math.round(share * 100) });
    this.part("print-code").textContent = code;
    this.part("print-line").textContent = [line, part, size].filter(Boolean).join(" · ");
  }
}
