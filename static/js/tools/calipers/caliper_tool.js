// The calipers of one sheet: handles pointer and keys, and updates the drawing and the panel.

import { releaseFocus } from "../../dom.js";
import * as calipers from "./calipers.js";
import { CaliperPanel } from "./caliper_panel.js";
import { CaliperView } from "./caliper_view.js";
import { pointerOn } from "../pointer.js";
import { readout } from "./readout.js";

/** @import { Point } from "../../ecg/types.js" */
/** @import { Words } from "../../texts.js" */
/** @import { SheetCoordinates } from "../sheet_coordinates.js" */
/** @import { CaliperKind, CaliperState, LeadName, PlacedCalipers } from "../types.js" */

/**
 * @typedef {object} CaliperPlace
 * @property {Element} element receives the pointer events
 * @property {SVGSVGElement} overlay
 * @property {Element} layer the calipers are drawn in it
 * @property {HTMLElement} host contains the panel
 * @property {() => LeadName[]} namesMm positions of the lead names
 */

/**
 * @typedef {object} CaliperDeps
 * @property {Words} words
 * @property {string} language
 * @property {() => void} onChange
 * @property {(state: PlacedCalipers, coordinates: SheetCoordinates) => void} onAttach
 */

export class CaliperTool {
  /** @type {CaliperState} */
  #state = calipers.idle();
  /** @type {SheetCoordinates | null} */
  #coordinatesOrNull = null;
  #scale = 1;
  #isOut = false;
  #frame = 0;
  /**
   * The element that had focus before the calipers were activated.
   *
   * @type {Element | null}
   */
  #focusBefore = null;

  /**
   * @param {CaliperPlace} place
   * @param {CaliperDeps} deps
   */
  constructor({ element, overlay, layer, host, namesMm }, { words, language, onChange, onAttach }) {
    this.words = words;
    this.language = language;
    this.onChange = onChange;
    this.view = new CaliperView(layer, namesMm);
    this.panel = new CaliperPanel(host, {
      words,
      intents: {
        nudge: (leg, action) =>
          this.#set(this.#orPlaced((state) => calipers.nudge(state, this.#coordinates, leg, action))),
        changeCell: (by) =>
          this.#set(this.#orPlaced((state) => calipers.changeCell(state, this.#coordinates, by))),
        cycles: (by) => this.#set(calipers.countCycles(this.#state, this.#state.cycles + by)),
        attach: () => this.#attach(onAttach),
        leave: () => this.putAway(),
      },
    });
    this.element = element;
    pointerOn(element, overlay, {
      isOn: () => this.#isOut && this.#coordinatesOrNull !== null,
      down: (at, reachMm) => this.#set(calipers.down(this.#state, this.#coordinates, at, reachMm)),
      move: (at) => this.#set(calipers.move(this.#state, this.#coordinates, at)),
      up: (action) => this.#set(calipers.up(this.#state, action)),
    });
  }

  /** Coordinates of the displayed sheet. Pointer and keys are ignored until there is one. */
  get #coordinates() {
    if (!this.#coordinatesOrNull) throw new Error("no sheet is displayed yet");
    return this.#coordinatesOrNull;
  }

  get isOut() {
    return this.#isOut;
  }

  get kind() {
    return this.#state.kind;
  }

  get isMarching() {
    return this.#state.isMarching;
  }

  /** The time span between the legs, or null if they are not placed. */
  get stretch() {
    const state = this.#state;
    if (!this.#isOut || !calipers.isPlaced(state)) return null;
    const [from, to] = state.legs.map(({ seconds }) => seconds).sort((one, other) => one - other);
    return { lead: calipers.measurement(state, this.#coordinates, 1).lead, fromS: from, toS: to };
  }

  /**
   * Switch to another sheet. The measurement is kept only if the recording and the layout are the same and,
   * for a voltage, the filters and undone lead reversals.
   *
   * @param {SheetCoordinates} coordinates
   * @param {number} scale
   */
  show(coordinates, scale) {
    const isSame =
      this.#coordinatesOrNull !== null &&
      this.#coordinates.isLaidOutLike(coordinates) &&
      this.#holdsFor(coordinates);
    this.#coordinatesOrNull = coordinates;
    this.#scale = scale;
    if (!isSame) this.#state = { ...calipers.idle(this.#state.kind), isMarching: this.#state.isMarching };
    this.#present();
  }

  /**
   * True if the measurement is still valid. Filters and undone lead reversals change voltages, not intervals.
   *
   * @param {SheetCoordinates} coordinates
   */
  #holdsFor({ signal }) {
    return signal === this.#coordinates.signal || this.#state.kind === calipers.Kind.INTERVAL;
  }

  /**
   * Activate the calipers of `kind`, or deactivate them.
   *
   * @param {CaliperKind} kind
   */
  toggle(kind) {
    if (this.#isOut && this.#state.kind === kind && !this.#state.isMarching) return this.putAway();
    this.#state = { ...calipers.idle(kind) };
    return this.#takeOut();
  }

  /** Toggle marching: repeating the interval along the row. */
  toggleMarch() {
    if (this.#isOut && this.#state.isMarching) {
      this.#state = calipers.march(this.#state, false);
      return this.#present();
    }
    if (this.#state.kind !== calipers.Kind.INTERVAL) this.#state = calipers.idle();
    this.#state = calipers.march(this.#state, true);
    return this.#takeOut();
  }

  putAway() {
    this.#isOut = false;
    this.#state = calipers.idle(this.#state.kind);
    this.element.classList.remove("is-measuring");
    this.#present();
    releaseFocus(this.panel.host, this.#focusBefore);
  }

  #takeOut() {
    if (!this.#isOut) this.#focusBefore = document.activeElement;
    this.#isOut = true;
    this.element.classList.add("is-measuring");
    this.#present();
    this.panel.legs[0].focus({ preventScroll: true });
  }

  /**
   * Attach the measurement to the selected finding. A measurement of zero shows a message instead.
   *
   * @param {CaliperDeps["onAttach"]} onAttach
   */
  #attach(onAttach) {
    const state = this.#state;
    if (!calipers.isPlaced(state)) return;
    if (calipers.isNothing(state, this.#coordinates))
      this.panel.say(this.words(`caliper-nothing-${this.#state.kind}`));
    else onAttach(state, this.#coordinates);
  }

  /**
   * Apply `change`. If the calipers are not placed yet, place them on the last recorded row instead, usually
   * the rhythm strip.
   *
   * @param {(state: PlacedCalipers) => CaliperState} change
   */
  #orPlaced(change) {
    const state = this.#state;
    if (calipers.isPlaced(state)) return change(state);
    const cell = this.#coordinates.sheet.cells.findLast((one) => this.#coordinates.isRecorded(one));
    return cell ? calipers.place(this.#state, this.#coordinates, cell) : this.#state;
  }

  /** @param {CaliperState} state */
  #set(state) {
    if (state === this.#state) return;
    this.#state = state;
    // Present immediately: the next key may attach the measurement.
    if (state.hand === null) return this.#present();
    // Pointer events are more frequent than frames.
    this.#frame ||= requestAnimationFrame(() => this.#present());
  }

  #present() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.onChange();
    if (!this.#coordinatesOrNull) return;
    const state = this.#state;
    const placed = this.#isOut && calipers.isPlaced(state) ? state : null;
    const text = placed
      ? readout(placed, this.#coordinates, this.words, this.language)
      : this.words(`caliper-hint-${this.#state.kind}`);
    this.view.draw(this.#isOut ? this.#state : calipers.idle(), this.#coordinates, this.#scale, text);
    if (!this.#isOut) return this.panel.hide();
    this.panel.show({
      text,
      state,
      range: this.#coordinates.sheet.window,
      isComplete: placed !== null && state.hand === null,
      places: placed
        ? placed.legs.map(({ seconds }) =>
            this.words("caliper-place", {
              lead: placed.cell.name,
              seconds: seconds.toFixed(3),
              measurement: text,
            }),
          )
        : [],
    });
  }
}
