// One row of tools. As a toolbar it is one stop of the Tab key; arrows go along it.

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export class Toolbar {
  constructor(element) {
    this.element = element;
    this.controls = [...element.querySelectorAll("button, select")];
    this.#reach(this.controls[0]);
    element.addEventListener("focusin", (event) => this.#reach(event.target.closest("button, select")));
    element.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** The button of the tool called `name`. */
  button(name) {
    return this.element.querySelector(`[data-tool="${name}"]`);
  }

  #walk(event) {
    const from = this.controls.indexOf(document.activeElement);
    const step = STEPS[event.key];
    if (from < 0 || !step || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); // a select would change its value, the sheet would turn its page
    this.controls[(from + step + this.controls.length) % this.controls.length].focus();
  }

  #reach(control) {
    if (!control) return;
    for (const one of this.controls) one.tabIndex = one === control ? 0 : -1;
  }
}
