// Signal quality and, when it is not good, the problems and their leads.

import { closestTo, findAll, make, partsOf } from "../../dom.js";
import { LEADS } from "../../ecg/signal.js";
import { PROBLEMS, blank, hasProblem, mentioned } from "../state/labels.js";
import { keyCaps } from "../keyboard/keys.js";

/** @import { Words } from "../../texts.js" */
/** @import { Intents } from "./form.js" */
/** @import { Content, Quality } from "../types.js" */

/** @type {Record<string, string>} */
const PROBLEM_KEYS = {
  noise: "Shift+N",
  lead_off: "Shift+O",
  reversal: "Shift+R",
  calibration: "Shift+B",
  other: "Shift+X",
};

export class QualityPanel {
  #content = blank();

  /**
   * The problem whose leads are shown.
   *
   * @type {string | null}
   */
  #problem = null;

  /**
   * @param {HTMLElement} root the form
   * @param {{words: Words, intents: Pick<Intents, "quality" | "problem" | "problemLead">, say: (sentence:
   *   string) => void}} deps
   */
  constructor(root, deps) {
    this.root = root;
    this.deps = deps;
    this.part = partsOf(root);
    this.part("problems").replaceChildren(...PROBLEMS.map((kind) => this.#kindButton(kind)));
    this.part("problem-leads").replaceChildren(...LEADS.map((lead, i) => this.#leadButton(lead, i)));
    this.part("problem-leads").addEventListener("keydown", (event) => this.#move(event));
    root.addEventListener("click", (event) => this.#click(closestTo(event, "button")));
  }

  /** @param {Content} content */
  show(content) {
    this.#content = content;
    const kinds = content.problems.map(({ kind }) => kind);
    this.#problem = kinds.find((kind) => kind === this.#problem) ?? kinds.at(-1) ?? null;
    for (const button of findAll(this.root, "[data-quality]")) {
      button.setAttribute("aria-pressed", String(button.dataset.quality === content.quality));
    }
    this.part("problem-panel").hidden = content.quality === "good";
    for (const button of findAll(this.part("problems"), "button")) {
      button.setAttribute("aria-pressed", String(kinds.includes(button.dataset.problem ?? "")));
    }
    this.#showLeads();
  }

  reset() {
    this.#problem = null;
  }

  #showLeads() {
    const problem = this.#content.problems.find(({ kind }) => kind === this.#problem);
    this.part("problem-leads-panel").hidden = !problem;
    if (!problem) return;
    const name = this.deps.words(`problem-${problem.kind}`);
    this.part("problem-leads-title").textContent = this.deps.words("problem-leads", { name });
    for (const button of findAll(this.part("problem-leads"), "button")) {
      button.setAttribute("aria-pressed", String(problem.leads.includes(button.dataset.lead ?? "")));
    }
  }

  /** @param {string} kind */
  #kindButton(kind) {
    const { words } = this.deps;
    return make(
      "button",
      {
        type: "button",
        class: "chip-button",
        "data-problem": kind,
        "aria-pressed": "false",
        "aria-keyshortcuts": PROBLEM_KEYS[kind],
        "data-key-label": words("problem-key", { name: words(`problem-${kind}`) }),
      },
      make("kbd", {}, keyCaps(PROBLEM_KEYS[kind])),
      words(`problem-${kind}`),
    );
  }

  /**
   * @param {string} lead
   * @param {number} i
   */
  #leadButton(lead, i) {
    return make(
      "button",
      {
        type: "button",
        class: "lead-button",
        "data-lead": lead,
        "aria-pressed": "false",
        tabindex: i === 0 ? "0" : "-1",
      },
      lead,
    );
  }

  /** @param {HTMLElement | null} button */
  #click(button) {
    if (!button) return;
    const { quality, problem, lead, part } = button.dataset;
    const { intents } = this.deps;
    if (quality) this.#rate(/** @type {Quality} */ (quality));
    else if (problem) this.#choose(problem);
    else if (part === "problem-leads-open") this.#focusLead(0);
    else if (lead && this.#problem) intents.problemLead(this.#problem, lead);
  }

  /**
   * Set the signal quality. Choosing "unreadable" a second time clears the findings. Say so, because the
   * list may be out of view.
   *
   * @param {Quality} quality
   */
  #rate(quality) {
    const hadFindings = mentioned(this.#content).length > 0;
    this.deps.intents.quality(quality);
    if (hadFindings && mentioned(this.#content).length === 0)
      this.deps.say(this.deps.words("unreadable-cleared"));
  }

  /**
   * Add a problem and show its leads, or remove the problem if it is already there.
   *
   * @param {string} kind
   */
  #choose(kind) {
    if (!hasProblem(this.#content, kind)) this.#problem = kind;
    this.deps.intents.problem(kind);
  }

  /**
   * Move between leads with arrow keys (ARIA Authoring Practices, toolbar). There are six leads per row.
   *
   * @param {KeyboardEvent} event
   */
  #move(event) {
    /** @type {Record<string, number | undefined>} */
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 6, ArrowUp: -6 };
    const by = steps[event.key];
    const at = LEADS.indexOf(closestTo(event, "[data-lead]")?.dataset.lead ?? "");
    if (!by || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.#focusLead((at + by + LEADS.length) % LEADS.length);
  }

  /** @param {number} i */
  #focusLead(i) {
    const buttons = findAll(this.part("problem-leads"), "button");
    buttons.forEach((button, j) => button.setAttribute("tabindex", i === j ? "0" : "-1"));
    buttons[i].focus();
  }
}
