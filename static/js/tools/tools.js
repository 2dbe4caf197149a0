// The door to the tools: it knows their row of controls, and fetches them when one is wanted or the desk is at rest.
//
// The first ECG does not wait for what only some exams need. Once fetched they work without a network.

import { Toolbar } from "./toolbar.js";

/** After the first exam is on view. */
const REST_MS = 2500;

export class Tools {
  #toolbox = null; // a promise, once it was asked for
  #ready = null;
  #seen = null;
  #findings = [];

  /**
   * @param {HTMLElement} desk @param {HTMLElement} viewer an <ecg-viewer>
   * @param {{words: Function, tracing: () => number, nameOf: (code: string) => string}} world
   */
  constructor(desk, viewer, world) {
    this.desk = desk;
    this.viewer = viewer;
    this.world = world;
    this.bar = new Toolbar(desk.querySelector("[data-part=tools]"));
    this.problem = desk.querySelector("[data-part=tools-problem]");
    const { element } = this.bar;
    for (const menu of element.querySelectorAll("select")) menu.selectedIndex = 0; // a browser may bring back the last visit's
    element.addEventListener("click", (event) =>
      this.#use(event.target.closest("[data-tool]")?.dataset.tool, event),
    );
    element.addEventListener("change", (event) => this.#use(event.target.dataset.part, event));
    viewer.addEventListener("sheet", (event) => this.#show(event.detail));
  }

  /** Draw what the reader has marked with the findings. */
  mark(findings) {
    this.#findings = findings;
    if (findings.some(({ localisations, measurements }) => localisations?.length || measurements?.length))
      this.#bring();
    this.#ready?.mark(findings);
  }

  #show(detail) {
    if (!this.#seen) window.setTimeout(() => this.#bring(), REST_MS);
    this.#seen = detail;
    this.#ready?.show(detail);
  }

  async #use(name, event) {
    if (!name) return;
    const toolbox = await this.#bring();
    this.problem.textContent = toolbox ? "" : this.world.words("tools-unreachable");
    toolbox?.use(name, event);
  }

  #bring() {
    this.#toolbox ??= this.#furnish();
    return this.#toolbox;
  }

  async #furnish() {
    const part = await this.#arrived();
    if (part === null) return null;
    this.#ready = new part.Toolbox(this.desk, this.viewer, this.bar, this.world);
    if (this.#seen) this.#ready.show(this.#seen);
    this.#ready.mark(this.#findings);
    this.bar.element.dataset.ready = "yes";
    return this.#ready;
  }

  /** The module; null when there was no network. Some browsers ask again at the next use, others after a reload. */
  async #arrived() {
    try {
      return await import("./toolbox.js");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // a TypeError is how a browser says that a module did not come
      this.#toolbox = null;
      return null;
    }
  }
}
