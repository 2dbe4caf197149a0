// The sheet seen otherwise: through a filter, or as it would be with two electrodes exchanged. Both say so loudly.

import { make } from "../dom.js";
import { filtered, mainsLineHz } from "../ecg/filters.js";
import { freePlace } from "./free_place.js";
import { swapped } from "./swap.js";

export class Lookings {
  #filter = "off";
  #sheet = null;
  #swap = null; // {name, recording}: a preview of one recording, never of the next exam

  /**
   * @param {HTMLElement} viewer @param {{filter: HTMLSelectElement, swap: HTMLSelectElement}} menus
   * @param {{words: Function, onUse: (name: string) => void}} world
   */
  constructor(viewer, menus, { words, onUse }) {
    this.viewer = viewer;
    this.menus = menus;
    this.words = words;
    this.onUse = onUse;
    this.badges = make("div", { class: "sheet-badges", role: "status" });
    viewer.append(this.badges);
  }

  /** Another sheet is on view: `ground` at `scale` px/mm, with the names of its leads where `namesMm()` says. */
  show(ground, scale, namesMm) {
    this.#sheet = { ground, scale, namesMm };
    if (this.#swap && this.#swap.recording !== this.viewer.recording) {
      this.#swap = null;
      this.menus.swap.value = "";
      this.viewer.forgetHidden(); // there the recording before may still lie, drawn exchanged
    }
    this.#mark();
  }

  /** The same badges for another place than the sheet. */
  copy() {
    return make(
      "div",
      { class: "sheet-badges" },
      ...[...this.badges.children].map((badge) => badge.cloneNode(true)),
    );
  }

  /** See the sheet through the filter that the menu says. */
  setFilter() {
    const name = this.menus.filter.value;
    this.#filter = name;
    if (name !== "off") this.onUse(`filter_${name.replace("hz", "")}`);
    this.#look();
  }

  /** See the recording at hand as the menu of exchanges says. */
  setSwap() {
    const name = this.menus.swap.value;
    this.#swap = name ? { name, told: this.#chosenSwap, recording: this.viewer.recording } : null;
    if (name) this.onUse("lead_swap");
    this.#look();
  }

  #look() {
    const name = this.#filter;
    this.viewer.configure({
      filter: name,
      views: [(signal) => this.#exchanged(signal), (signal) => filtered(signal, name)],
    });
    this.#mark();
  }

  /** `signal`, or the preview of it, which says of itself what it is: the settings and the printed page tell it. */
  #exchanged(signal) {
    if (this.#swap?.recording !== signal) return signal;
    return { ...swapped(signal, this.#swap.name), exchanged: this.#swap.told };
  }

  get #chosenSwap() {
    return this.menus.swap.selectedOptions[0].textContent.trim();
  }

  #mark() {
    const badges = [];
    if (this.#swap) badges.push(["is-loud", this.words("swap-badge", { name: this.#swap.told })]);
    if (this.#filter !== "off") badges.push([this.#filter === "40hz" ? "is-warning" : "", this.#told()]);
    const texts = badges.map(([, text]) => text).join("|");
    if (texts !== this.told) {
      // a live region speaks only of what is new
      this.told = texts;
      this.badges.replaceChildren(
        ...badges.map(([kind, text]) => make("span", { class: `sheet-badge ${kind}` }, text)),
      );
    }
    if (badges.length > 0 && this.#sheet) this.#place(this.#sheet);
  }

  /** Where no wave and no name is; where there is no such place, what lies below is seen through. */
  #place({ ground, scale, namesMm }) {
    const { offsetWidth, offsetHeight } = this.badges;
    const place = freePlace(ground, namesMm(), {
      width: offsetWidth / scale + 1,
      height: offsetHeight / scale + 1,
    });
    const { widthMm, heightMm } = ground.sheet;
    this.badges.classList.toggle("is-clear", place === null);
    this.badges.style.left = `${(((place?.x ?? 0) + 0.5) / widthMm) * 100}%`;
    this.badges.style.top = `${(((place?.y ?? 0) + 0.5) / heightMm) * 100}%`;
  }

  #told() {
    const { recording } = this.viewer;
    if (recording && filtered(recording, this.#filter) === recording) {
      return this.words("filter-badge-idle", { rate: Math.round(recording.samplingRateHz) });
    }
    return this.words(`filter-badge-${this.#filter}`, {
      hz: this.#filter === "mains" && recording ? mainsLineHz(recording) : "",
    });
  }
}
