// The toolbar of the sheet. It is an ARIA toolbar: one tab stop, with arrow keys to move between the
// controls.

import { closestTo, find, findAll } from "../dom.js";

/** @type {Record<string, number | undefined>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export class Toolbar {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.controls = findAll(element, "button, select");
    this.#reach(this.controls[0]);
    element.addEventListener("focusin", (event) => this.#reach(closestTo(event, "button, select")));
    element.addEventListener("keydown", (event) => this.#walk(event));
  }

  /**
   * Return the button of the tool `name`.
   *
   * @param {string} name
   */
  button(name) {
    return find(this.element, `[data-tool="${name}"]`);
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const from = this.controls.findIndex((control) => control === document.activeElement);
    const step = STEPS[event.key];
    if (from < 0 || !step || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); // otherwise a select would change its value, or the sheet its page
    this.controls[(from + step + this.controls.length) % this.controls.length].focus();
  }

  /** @param {HTMLElement | null} control */
  #reach(control) {
    if (!control) return;
    for (const one of this.controls) one.tabIndex = one === control ? 0 : -1;
  }
}
