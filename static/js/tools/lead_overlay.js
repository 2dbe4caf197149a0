// Several leads on one baseline: when does each begin, which is highest, do they agree?

import { make } from "../dom.js";
import { paperLacking } from "../ecg/sheet.js";
import { LEADS } from "../ecg/signal.js";
import { openDialog, toggle } from "./dialog.js";
import { row, strip } from "./strip.js";

const FACTOR = 2;

/** What is compared most: frontal plane, inferior, chest from right to left. */
const SETS = Object.freeze({
  limb: ["I", "II", "III"],
  inferior: ["II", "III", "aVF"],
  lateral: ["I", "aVL", "V5", "V6"],
  chest: ["V1", "V2", "V3", "V4", "V5", "V6"],
  all: LEADS,
});

let last = [...SETS.limb];

export class LeadOverlay {
  constructor(desk, seen, { words }) {
    this.seen = seen;
    this.words = words;
    this.chosen = new Set(last);
    this.room = make("div", {
      class: "strip-room",
      tabindex: "0",
      role: "group",
      "aria-label": words("overlay-label"),
    });
    this.leads = LEADS.map((name) => toggle(name, { isOn: false, onClick: () => this.#turn(name) }));
    this.leads.forEach((button, i) => button.classList.add("has-colour", `is-lead-${i}`));
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
        body: [this.room],
      },
      words,
    );
    this.#draw();
    this.room.focus({ preventScroll: true });
  }

  #turn(name) {
    const isOn = this.chosen.has(name);
    this.#choose(LEADS.filter((lead) => (lead === name ? !isOn : this.chosen.has(lead))));
  }

  #choose(leads) {
    last = [...leads];
    this.chosen = new Set(leads);
    this.#draw();
  }

  #draw() {
    const { sheet, signal, scale } = this.seen;
    const leads = LEADS.flatMap((name, lead) => (this.chosen.has(name) ? [{ name, lead }] : []));
    this.leads.forEach((button, i) => button.setAttribute("aria-pressed", String(this.chosen.has(LEADS[i]))));
    if (leads.length === 0) return this.room.replaceChildren(make("p", {}, this.words("overlay-none")));
    const one = row(signal, sheet, leads, paperLacking);
    const picture = strip(signal, one, scale * FACTOR, this.words, {
      classOf: (name) => (LEADS.includes(name) ? `is-lead-${LEADS.indexOf(name)}` : ""),
    });
    for (const name of picture.querySelectorAll(".strip-name")) name.remove(); // one baseline has no room for twelve names
    const { scrollLeft } = this.room;
    this.room.replaceChildren(picture);
    this.room.scrollLeft = scrollLeft;
  }
}
