// What stands beside the tools while calipers are out: the read-out, a handle for each leg, and what to do with it.

import { make } from "../dom.js";

export class CaliperPanel {
  /**
   * @param {HTMLElement} host an element of its own
   * @param {{words: Function, intents: object}} world `intents`: nudge, changeCell, cycles, attach, leave
   */
  constructor(host, { words, intents }) {
    this.words = words;
    this.host = host;
    this.reading = make("output", { class: "tool-reading" });
    this.legs = [0, 1].map((leg) => this.#leg(leg, intents));
    this.cycles = make("output", { class: "tool-cycles" });
    this.attach = make(
      "button",
      {
        type: "button",
        class: "tool-act",
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
        "aria-label": words("tool-leave"),
        title: `${words("tool-leave")} (Esc)`,
      },
      "×",
    );
    leave.addEventListener("click", intents.leave);
    host.append(
      this.reading,
      make("span", { class: "tool-legs" }, ...this.legs),
      this.#stepper(intents),
      this.attach,
      leave,
    );
    host.hidden = true;
  }

  /** A slider, so that a screen reader tells the place and the arrows move it. */
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
      const deed = keyDeed(event);
      if (!deed) return;
      event.preventDefault(); // the arrows turn the pages of the sheet elsewhere
      if (deed.cell) intents.changeCell(deed.cell);
      else intents.nudge(leg, deed);
    });
    return handle;
  }

  #stepper(intents) {
    const button = (by, sign, label) => {
      const element = make(
        "button",
        { type: "button", class: "icon-button", "aria-label": this.words(label), title: this.words(label) },
        sign,
      );
      element.addEventListener("click", () => intents.cycles(by));
      return element;
    };
    this.stepper = make(
      "span",
      { class: "tool-stepper", role: "group", "aria-label": this.words("caliper-cycles") },
      button(-1, "−", "caliper-fewer"),
      this.cycles,
      button(1, "+", "caliper-more"),
    );
    return this.stepper;
  }

  /** @param {{said: string, state: object, places: string[], range: {startS: number, endS: number}, isWhole: boolean}} seen */
  show({ said, state, places, range, isWhole }) {
    this.host.hidden = false;
    if (this.reading.textContent !== said) this.reading.textContent = said;
    this.attach.disabled = !isWhole;
    this.stepper.hidden = state.kind !== "interval";
    this.cycles.textContent = this.words("caliper-times", { count: state.cycles });
    this.legs.forEach((handle, leg) => {
      handle.setAttribute("aria-valuemin", String(range.startS));
      handle.setAttribute("aria-valuemax", String(range.endS));
      handle.setAttribute(
        "aria-valuenow",
        state.legs ? state.legs[leg].seconds.toFixed(3) : String(range.startS),
      );
      handle.setAttribute("aria-valuetext", places[leg] ?? said);
    });
  }

  /** Say `sentence` in the place of the read-out, until the calipers are moved. */
  say(sentence) {
    this.reading.textContent = sentence;
  }

  hide() {
    this.host.hidden = true;
  }
}

const ARROWS = {
  ArrowLeft: { right: -1 },
  ArrowRight: { right: 1 },
  ArrowUp: { up: 1 },
  ArrowDown: { up: -1 },
};
const CELLS = { PageUp: -1, PageDown: 1 };

/** What a key does to a leg, or null. */
export function keyDeed({ key, shiftKey, ctrlKey, altKey, metaKey }) {
  if (ctrlKey || altKey || metaKey) return null;
  if (CELLS[key]) return { cell: CELLS[key] };
  if (key === "Enter") return { right: 0 }; // puts the calipers down where there are none yet
  return ARROWS[key] ? { ...ARROWS[key], isCoarse: shiftKey } : null;
}
