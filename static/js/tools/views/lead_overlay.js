// A dialog that shows several leads on one baseline, to compare onset and amplitude.

import { make } from "../../dom.js";
import { paperLacking } from "../../ecg/sheet.js";
import { LEADS } from "../../ecg/signal.js";
import { openDialog, toggle } from "../dialog.js";
import { row, strip } from "./strip.js";

/** @import { SheetView } from "../../ecg/types.js" */
/** @import { Words } from "../../texts.js" */

const FACTOR = 2;

/**
 * The sets of leads that readers compare most often.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const SETS = Object.freeze({
  limb: ["I", "II", "III"],
  inferior: ["II", "III", "aVF"],
  lateral: ["I", "aVL", "V5", "V6"],
  chest: ["V1", "V2", "V3", "V4", "V5", "V6"],
  all: LEADS,
});

let last = [...SETS.limb];

export class LeadOverlay {
  /**
   * @param {HTMLElement} desk
   * @param {SheetView} view
   * @param {{words: Words}} deps
   */
  constructor(desk, view, { words }) {
    this.view = view;
    this.words = words;
    this.chosen = new Set(last);
    this.scroller = make("div", {
      class: "strip-scroll",
      tabindex: "0",
      role: "group",
      "aria-label": words("overlay-label"),
    });
    this.leads = LEADS.map((name) => toggle(name, { isOn: false, onClick: () => this.#toggle(name) }));
    this.leads.forEach((button, i) => button.classList.add("has-color", `is-lead-${i}`));
    const sets = Object.entries(SETS).map(([name, leads], i) =>
      toggle(words(`overlay-${name}`), {
        isOn: false,
        key: String(i + 1),
        label: words(`overlay-${name}`),
        onClick: () => this.#choose(leads),
      }),
    );
    for (const button of sets) button.removeAttribute("aria-pressed");
    openDialog(
      desk,
      {
        title: words("tool-overlay"),
        note: words("overlay-note"),
        head: [
          make("div", { class: "tool-row" }, ...this.leads),
          make("div", { class: "tool-row" }, ...sets),
        ],
        body: [this.scroller],
      },
      words,
    );
    this.#draw();
    this.scroller.focus({ preventScroll: true });
  }

  /** @param {string} name */
  #toggle(name) {
    const isOn = this.chosen.has(name);
    this.#choose(LEADS.filter((lead) => (lead === name ? !isOn : this.chosen.has(lead))));
  }

  /** @param {readonly string[]} leads */
  #choose(leads) {
    last = [...leads];
    this.chosen = new Set(leads);
    this.#draw();
  }

  #draw() {
    const { sheet, signal, scale } = this.view;
    const leads = LEADS.flatMap((name, lead) => (this.chosen.has(name) ? [{ name, lead }] : []));
    this.leads.forEach((button, i) => button.setAttribute("aria-pressed", String(this.chosen.has(LEADS[i]))));
    if (leads.length === 0) return this.scroller.replaceChildren(make("p", {}, this.words("overlay-none")));
    const overlaid = row(signal, sheet, leads, paperLacking);
    const picture = strip(signal, overlaid, scale * FACTOR, this.words, {
      classOf: (name) => (LEADS.includes(name) ? `is-lead-${LEADS.indexOf(name)}` : ""),
    });
    // There is no space for twelve names on one baseline.
    for (const name of picture.querySelectorAll(".strip-name")) name.remove();
    const { scrollLeft } = this.scroller;
    this.scroller.replaceChildren(picture);
    this.scroller.scrollLeft = scrollLeft;
  }
}
