// Alternative views of the sheet: filtered, or with a lead reversal undone (preview). Badges on the sheet
// name the active ones.

import { make } from "../../dom.js";
import { filtered, mainsLineHz } from "../../ecg/filters.js";
import { freePlace } from "../free_place.js";
import { swapped } from "./swap.js";

/** @import { Signal } from "../../ecg/types.js" */
/** @import { EcgViewer } from "../../ecg/viewer.js" */
/** @import { Words } from "../../texts.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */
/** @import { LeadName } from "../types.js" */

/** @typedef {{coordinates: SheetCoordinates, scale: number, namesMm: () => LeadName[]}} BadgeSheet */

export class ViewFilters {
  #filter = "off";
  /** @type {BadgeSheet | null} */
  #sheet = null;

  /**
   * The lead reversal whose correction is previewed. It applies to one recording, never to the next exam.
   *
   * @type {{name: string, text: string, recording: Signal | null} | null}
   */
  #swap = null;

  /** The texts of the displayed badges. */
  #shownTexts = "";

  /**
   * @param {EcgViewer} viewer
   * @param {{filter: HTMLSelectElement, swap: HTMLSelectElement}} menus
   * @param {{words: Words, onUse: (name: string) => void}} deps
   */
  constructor(viewer, menus, { words, onUse }) {
    this.viewer = viewer;
    this.menus = menus;
    this.words = words;
    this.onUse = onUse;
    this.badges = make("div", { class: "sheet-badges", role: "status" });
    viewer.append(this.badges);
  }

  /**
   * Update the badges when another sheet is displayed, at `scale` px/mm.
   *
   * @param {SheetCoordinates} coordinates
   * @param {number} scale
   * @param {() => LeadName[]} namesMm positions of the lead names
   */
  show(coordinates, scale, namesMm) {
    this.#sheet = { coordinates, scale, namesMm };
    if (this.#swap && this.#swap.recording !== this.viewer.recording) {
      this.#swap = null;
      this.menus.swap.value = "";
      this.viewer.forgetHidden(); // it may still hold the previous recording with the reversal undone
    }
    this.#mark();
  }

  /** Copy the badges, to show them in a dialog. */
  copy() {
    return make(
      "div",
      { class: "sheet-badges" },
      ...[...this.badges.children].map((badge) => badge.cloneNode(true)),
    );
  }

  /** Apply the filter chosen in the menu. */
  setFilter() {
    const name = this.menus.filter.value;
    this.#filter = name;
    if (name !== "off") this.onUse(`filter_${name.replace("hz", "")}`);
    this.#apply();
  }

  /** Undo the lead reversal chosen in the menu. */
  setSwap() {
    const name = this.menus.swap.value;
    this.#swap = name ? { name, text: this.#chosenSwap, recording: this.viewer.recording } : null;
    if (name) this.onUse("lead_swap");
    this.#apply();
  }

  #apply() {
    const name = this.#filter;
    this.viewer.configure({
      filter: name,
      views: [(signal) => this.#exchanged(signal), (signal) => filtered(signal, name)],
    });
    this.#mark();
  }

  /**
   * Return `signal`, or its preview with the lead reversal undone and the reversal's name in `exchanged`,
   * which the settings line and the printed page show.
   *
   * @param {Signal} signal
   */
  #exchanged(signal) {
    if (this.#swap?.recording !== signal) return signal;
    return { ...swapped(signal, this.#swap.name), exchanged: this.#swap.text };
  }

  get #chosenSwap() {
    return this.menus.swap.selectedOptions[0].textContent.trim();
  }

  #mark() {
    const badges = [];
    if (this.#swap) badges.push(["is-loud", this.words("swap-badge", { name: this.#swap.text })]);
    if (this.#filter !== "off")
      badges.push([this.#filter === "40hz" ? "is-warning" : "", this.#filterText()]);
    const texts = badges.map(([, text]) => text).join("|");
    if (texts !== this.#shownTexts) {
      // update only on changes: the badges are a live region
      this.#shownTexts = texts;
      this.badges.replaceChildren(
        ...badges.map(([kind, text]) => make("span", { class: `sheet-badge ${kind}` }, text)),
      );
    }
    if (badges.length > 0 && this.#sheet) this.#place(this.#sheet);
  }

  /**
   * Place the badges where they cover no wave and no name. If there is no such place, remove their
   * background.
   *
   * @param {BadgeSheet} sheet
   */
  #place({ coordinates, scale, namesMm }) {
    const { offsetWidth, offsetHeight } = this.badges;
    const place = freePlace(coordinates, namesMm(), {
      width: offsetWidth / scale + 1,
      height: offsetHeight / scale + 1,
    });
    const { widthMm, heightMm } = coordinates.sheet;
    this.badges.classList.toggle("is-clear", place === null);
    this.badges.style.left = `${(((place?.x ?? 0) + 0.5) / widthMm) * 100}%`;
    this.badges.style.top = `${(((place?.y ?? 0) + 0.5) / heightMm) * 100}%`;
  }

  #filterText() {
    const { recording } = this.viewer;
    if (recording && filtered(recording, this.#filter) === recording) {
      return this.words("filter-badge-idle", { rate: Math.round(recording.samplingRateHz) });
    }
    return this.words(`filter-badge-${this.#filter}`, {
      hz: this.#filter === "mains" && recording ? mainsLineHz(recording) : "",
    });
  }
}
