// The panel of the active calipers: the readout, a handle for each leg, and the actions.

import { make } from "../../dom.js";

/** @import { Words } from "../../texts.js" */
/** @import { CaliperState, Nudge } from "../types.js" */

/**
 * @typedef {object} CaliperIntents
 * @property {(leg: 0 | 1, nudge: Nudge) => void} nudge
 * @property {(by: number) => void} changeCell
 * @property {(by: number) => void} cycles
 * @property {() => void} attach
 * @property {() => void} leave
 */

export class CaliperPanel {
  /**
   * @param {HTMLElement} host an element that contains nothing else
   * @param {{words: Words, intents: CaliperIntents}} deps
   */
  constructor(host, { words, intents }) {
    this.words = words;
    this.host = host;
    this.reading = make("output", { class: "tool-reading" });
    this.legs = [this.#leg(0, intents), this.#leg(1, intents)];
    this.cycles = make("output", { class: "tool-cycles" });
    this.attach = make(
      "button",
      {
        type: "button",
        class: "tool-action",
        "aria-keyshortcuts": "Shift+K",
        "data-key-label": words("caliper-attach"),
        disabled: true,
      },
      words("caliper-attach-short"),
      make("kbd", { "aria-hidden": "true" }, "⇧K"),
    );
    this.attach.addEventListener("click", intents.attach);
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
    leave.addEventListener("click", intents.leave);
    this.stepper = this.#stepper(intents);
    host.append(
      this.reading,
      make("span", { class: "tool-legs" }, ...this.legs),
      this.stepper,
      this.attach,
      leave,
    );
    host.hidden = true;
  }

  /**
   * Create a slider for a leg, so that screen readers announce its position and arrow keys move it.
   *
   * @param {0 | 1} leg
   * @param {CaliperIntents} intents
   */
  #leg(leg, intents) {
    const handle = make(
      "span",
      {
        class: "tool-leg",
        role: "slider",
        tabindex: "0",
        "aria-label": this.words(leg === 0 ? "caliper-first" : "caliper-second"),
        "aria-valuemin": "0",
        "aria-valuemax": "0",
        "aria-valuenow": "0",
        title: this.words("caliper-keys"),
      },
      String(leg + 1),
    );
    handle.addEventListener("keydown", (event) => {
      const action = keyAction(event);
      if (!action) return;
      event.preventDefault(); // elsewhere, arrow keys turn the pages of the sheet
      if ("cell" in action) intents.changeCell(action.cell);
      else intents.nudge(leg, action);
    });
    return handle;
  }

  /** @param {CaliperIntents} intents */
  #stepper(intents) {
    /**
     * @param {number} by
     * @param {string} sign
     * @param {string} label
     */
    const button = (by, sign, label) => {
      const element = make(
        "button",
        { type: "button", class: "icon-button", "aria-label": this.words(label), title: this.words(label) },
        sign,
      );
      element.addEventListener("click", () => intents.cycles(by));
      return element;
    };
    return make(
      "span",
      { class: "tool-stepper", role: "group", "aria-label": this.words("caliper-cycles") },
      button(-1, "−", "caliper-fewer"),
      this.cycles,
      button(1, "+", "caliper-more"),
    );
  }

  /**
   * @param {{text: string, state: CaliperState, places: string[], range: {startS: number, endS: number},
   *   isComplete: boolean}} view
   */
  show({ text, state, places, range, isComplete }) {
    this.host.hidden = false;
    if (this.reading.textContent !== text) this.reading.textContent = text;
    this.attach.disabled = !isComplete;
    this.stepper.hidden = state.kind !== "interval";
    this.cycles.textContent = this.words("caliper-times", { count: state.cycles });
    this.legs.forEach((handle, leg) => {
      handle.setAttribute("aria-valuemin", String(range.startS));
      handle.setAttribute("aria-valuemax", String(range.endS));
      handle.setAttribute(
        "aria-valuenow",
        state.legs ? state.legs[leg].seconds.toFixed(3) : String(range.startS),
      );
      handle.setAttribute("aria-valuetext", places[leg] ?? text);
    });
  }

  /**
   * Show a message in place of the readout until the calipers move.
   *
   * @param {string} sentence
   */
  say(sentence) {
    this.reading.textContent = sentence;
  }

  hide() {
    this.host.hidden = true;
  }
}

/** @type {Record<string, Nudge | undefined>} */
const ARROWS = {
  ArrowLeft: { right: -1 },
  ArrowRight: { right: 1 },
  ArrowUp: { up: 1 },
  ArrowDown: { up: -1 },
};
/** @type {Record<string, number | undefined>} */
const CELLS = { PageUp: -1, PageDown: 1 };

/**
 * Return the action of a key press on a leg, or null.
 *
 * @param {import("../../desk/keyboard/hotkeys.js").KeyPress} event
 * @returns {{cell: number} | Nudge | null}
 */
export function keyAction({ key, shiftKey, ctrlKey, altKey, metaKey }) {
  if (ctrlKey || altKey || metaKey) return null;
  const cell = CELLS[key];
  if (cell) return { cell };
  if (key === "Enter") return { right: 0 }; // places the calipers if they are not placed yet
  return ARROWS[key] ? { ...ARROWS[key], isCoarse: shiftKey } : null;
}
