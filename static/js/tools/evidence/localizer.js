// Marks the location of a finding: an area dragged over the sheet, or leads and times entered by keyboard.

import { make, releaseFocus } from "../../dom.js";
import { LEADS } from "../../ecg/signal.js";
import { set, svg } from "../../svg.js";
import { openDialog, toggle } from "../dialog.js";
import { pointerOn } from "../pointer.js";
import { areaOf, localization } from "./area.js";

/** @import { Point } from "../../ecg/types.js" */
/** @import { EcgViewer } from "../../ecg/viewer.js" */
/** @import { Words } from "../../texts.js" */
/** @import { Area } from "./area.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */

/**
 * @typedef {object} LocalizerDeps
 * @property {HTMLElement} desk
 * @property {Element} layer
 * @property {Words} words
 * @property {() => number | null} tracing
 * @property {() => {lead: string | null, fromS: number, toS: number} | null} stretch the time span of the
 *   calipers
 * @property {(area: ReturnType<typeof localization>) => void} onArea
 * @property {() => void} onChange
 */

export class Localizer {
  #isOn = false;
  /** @type {SheetCoordinates | null} */
  #coordinates = null;

  /**
   * Where the drag began.
   *
   * @type {Point | null}
   */
  #from = null;

  /** @type {ReturnType<typeof areaOf>} */
  #area = null;

  /** @type {Element | null} */
  #focusBefore = null;

  #box = svg("rect", { class: "area-drag", hidden: "" });

  /**
   * @param {EcgViewer} viewer
   * @param {HTMLElement} host contains the hint and the button for keyboard entry
   * @param {LocalizerDeps} deps
   */
  constructor(viewer, host, deps) {
    this.viewer = viewer;
    this.host = host;
    this.deps = deps;
    const { words } = deps;
    deps.layer.append(this.#box);
    const byKey = make("button", { type: "button", class: "tool-action" }, words("localize-by-key"));
    const leave = make(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": words("tool-close"),
        title: `${words("tool-close")} (Esc)`,
      },
      "×",
    );
    byKey.addEventListener("click", () => this.#ask());
    leave.addEventListener("click", () => this.turn(false));
    this.byKey = byKey;
    host.append(make("span", { class: "tool-reading is-hint" }, words("localize-hint")), byKey, leave);
    host.hidden = true;
    pointerOn(viewer, viewer.overlay, {
      isOn: () => this.#isOn && this.#coordinates !== null,
      down: (at) => {
        this.#from = at;
      },
      move: (at) => this.#drag(at),
      up: () => this.#finish(),
    });
  }

  get isOn() {
    return this.#isOn;
  }

  /** @param {SheetCoordinates} coordinates */
  show(coordinates) {
    this.#coordinates = coordinates;
    this.#clear();
  }

  /** @param {boolean} isOn */
  turn(isOn) {
    if (isOn === this.#isOn) return;
    if (isOn) this.#focusBefore = document.activeElement;
    this.#isOn = isOn;
    this.host.hidden = !isOn;
    this.viewer.classList.toggle("is-measuring", isOn);
    this.#clear();
    if (isOn) this.byKey.focus({ preventScroll: true });
    else releaseFocus(this.host, this.#focusBefore);
    this.deps.onChange();
  }

  /** @param {Point} at */
  #drag(at) {
    const coordinates = this.#coordinates;
    if (!coordinates || !this.#from) return;
    this.#area = areaOf(coordinates, this.#from, at);
    this.#box.toggleAttribute("hidden", this.#area === null);
    if (!this.#area) return;
    const { cells, fromS, toS } = this.#area;
    const [first] = coordinates.sheet.cells;
    const { x } = coordinates.placeOf(first, fromS);
    const heights = cells.map((cell) => coordinates.placeOf(cell, cell.startS).y);
    const reach = Math.min(14, 0.48 * coordinates.pitchMm);
    set(this.#box, {
      x,
      width: coordinates.placeOf(first, toS).x - x,
      y: Math.min(...heights) - reach,
      height: Math.max(...heights) - Math.min(...heights) + 2 * reach,
    });
  }

  #finish() {
    const area = this.#area;
    this.#clear();
    if (area) this.deps.onArea(localization(area, this.deps.tracing()));
  }

  #clear() {
    this.#from = null;
    this.#area = null;
    this.#box.setAttribute("hidden", "");
  }

  /** Open a dialog to enter the area by keyboard, as leads and two times. */
  #ask() {
    const { desk, words, stretch, tracing, onArea } = this.deps;
    if (!this.#coordinates) return;
    const { startS, endS } = this.#coordinates.sheet.window;
    const start = stretch();
    const leads = LEADS.map((name) =>
      toggle(name, {
        isOn: start?.lead === name,
        onClick: (event) => flip(/** @type {Element} */ (event.currentTarget)),
      }),
    );
    /** @param {number} value */
    const time = (value) =>
      make("input", {
        type: "number",
        min: startS.toFixed(2),
        max: endS.toFixed(2),
        step: "0.02",
        value: value.toFixed(2),
        required: true,
      });
    const [from, to] = [time(start?.fromS ?? startS), time(start?.toS ?? endS)];
    const add = make("button", { type: "submit", class: "button" }, words("localize-add"));
    const problem = make("p", { class: "tool-problem", role: "alert" });
    const form = make(
      "form",
      { class: "localize-form", novalidate: true },
      make(
        "fieldset",
        {},
        make("legend", {}, words("localize-leads")),
        make("div", { class: "tool-row" }, ...leads),
      ),
      make("label", {}, words("localize-from"), from),
      make("label", {}, words("localize-to"), to),
      problem,
      add,
    );
    const dialog = openDialog(desk, { title: words("tool-localize"), body: [form], isNarrow: true }, words);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = LEADS.filter((_, i) => leads[i].getAttribute("aria-pressed") === "true");
      const isComplete =
        chosen.length > 0 &&
        from.checkValidity() &&
        to.checkValidity() &&
        Number(to.value) > Number(from.value);
      problem.textContent = isComplete
        ? ""
        : words("localize-problem", { start: startS.toFixed(2), end: endS.toFixed(2) });
      if (!isComplete) return;
      dialog.close();
      onArea(localization({ leads: chosen, fromS: Number(from.value), toS: Number(to.value) }, tracing()));
    });
    leads[0].focus();
  }
}

/** @param {Element} button */
function flip(button) {
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
}
