// The toolbar of the sheet. The tools themselves load on first use, or shortly after the first exam
// is displayed.
//
// Loading them later makes the first ECG appear sooner. Once loaded, the tools work offline.

import { closestTo, detailOf, find, findAll } from "../dom.js";
import { Toolbar } from "./toolbar.js";

/** @import { Finding } from "../desk/types.js" */
/** @import { SheetView } from "../ecg/types.js" */
/** @import { EcgViewer } from "../ecg/viewer.js" */
/** @import { Toolbox, ToolDeps } from "./toolbox.js" */

/** Delay after the first exam is displayed. */
const IDLE_MS = 2500;

export class Tools {
  /**
   * Set once the toolbox has been requested.
   *
   * @type {Promise<Toolbox | null> | null}
   */
  #loading = null;

  /** @type {Toolbox | null} */
  #toolbox = null;

  /** @type {SheetView | null} */
  #view = null;

  /** @type {readonly Finding[]} */
  #findings = [];

  /**
   * @param {HTMLElement} desk
   * @param {EcgViewer} viewer
   * @param {ToolDeps} deps
   */
  constructor(desk, viewer, deps) {
    this.desk = desk;
    this.viewer = viewer;
    this.deps = deps;
    this.bar = new Toolbar(find(desk, "[data-part=tools]"));
    this.problem = find(desk, "[data-part=tools-problem]");
    const { element } = this.bar;
    // Browsers may restore earlier menu selections on reload.
    for (const menu of findAll(element, "select", HTMLSelectElement)) menu.selectedIndex = 0;
    element.addEventListener("click", (event) =>
      this.#use(closestTo(event, "[data-tool]")?.dataset.tool, event),
    );
    element.addEventListener("change", (event) =>
      this.#use(closestTo(event, "[data-part]")?.dataset.part, event),
    );
    viewer.addEventListener("sheet", (event) => this.#show(detailOf(event)));
  }

  /**
   * Draw the reader's evidence on the sheet.
   *
   * @param {readonly Finding[]} findings
   */
  mark(findings) {
    this.#findings = findings;
    if (findings.some(({ localisations, measurements }) => localisations.length || measurements.length)) {
      this.#load();
    }
    this.#toolbox?.mark(findings);
  }

  /** @param {SheetView} view */
  #show(view) {
    if (!this.#view) window.setTimeout(() => this.#load(), IDLE_MS);
    this.#view = view;
    this.#toolbox?.show(view);
  }

  /**
   * @param {string | undefined} name
   * @param {Event} event
   */
  async #use(name, event) {
    if (!name) return;
    const toolbox = await this.#load();
    this.problem.textContent = toolbox ? "" : this.deps.words("tools-unreachable");
    toolbox?.use(name, event);
  }

  #load() {
    this.#loading ??= this.#createToolbox();
    return this.#loading;
  }

  async #createToolbox() {
    const module = await this.#importToolbox();
    if (module === null) return null;
    const toolbox = new module.Toolbox(this.desk, this.viewer, this.bar, this.deps);
    this.#toolbox = toolbox;
    if (this.#view) toolbox.show(this.#view);
    toolbox.mark(this.#findings);
    this.bar.element.dataset.ready = "yes";
    return toolbox;
  }

  /**
   * Import the toolbox; null if offline. After a failure, some browsers retry at the next use, others only
   * after a reload.
   */
  async #importToolbox() {
    try {
      return await import("./toolbox.js");
    } catch (error) {
      // Browsers report a module that failed to load as a TypeError.
      if (!(error instanceof TypeError)) throw error;
      this.#loading = null;
      return null;
    }
  }
}
