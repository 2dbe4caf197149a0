// How well the signal can be read and, when it is not good, why and in which leads.

import { make, partsOf } from "../dom.js";
import { LEADS } from "../ecg/signal.js";
import { PROBLEMS, hasProblem, mentioned } from "./state/labels.js";
import { keyCaps } from "./keys.js";

const PROBLEM_KEYS = {
  noise: "Shift+N",
  lead_off: "Shift+O",
  reversal: "Shift+R",
  calibration: "Shift+B",
  other: "Shift+X",
};

export class QualityPanel {
  #content = null;
  #problem = null; // the problem whose leads are shown

  /**
   * @param {HTMLElement} root the form
   * @param {{words: Function, say: (sentence: string) => void,
   *   intents: {quality: Function, problem: Function, problemLead: Function}}} world
   */
  constructor(root, world) {
    this.root = root;
    this.world = world;
    this.part = partsOf(root);
    this.part("problems").replaceChildren(...PROBLEMS.map((kind) => this.#kindButton(kind)));
    this.part("problem-leads").replaceChildren(...LEADS.map((lead, i) => this.#leadButton(lead, i)));
    this.part("problem-leads").addEventListener("keydown", (event) => this.#move(event));
    root.addEventListener("click", (event) => this.#click(event.target.closest("button")));
  }

  show(content) {
    this.#content = content;
    const kinds = content.problems.map(({ kind }) => kind);
    if (!kinds.includes(this.#problem)) this.#problem = kinds.at(-1) ?? null;
    for (const button of this.root.querySelectorAll("[data-quality]")) {
      button.setAttribute("aria-pressed", String(button.dataset.quality === content.quality));
    }
    this.part("problem-panel").hidden = content.quality === "good";
    for (const button of this.part("problems").children) {
      button.setAttribute("aria-pressed", String(kinds.includes(button.dataset.problem)));
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
    const name = this.world.words(`problem-${problem.kind}`);
    this.part("problem-leads-title").textContent = this.world.words("problem-leads", { name });
    for (const button of this.part("problem-leads").children) {
      button.setAttribute("aria-pressed", String(problem.leads.includes(button.dataset.lead)));
    }
  }

  #kindButton(kind) {
    const { words } = this.world;
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

  #click(button) {
    if (!button) return;
    const { quality, problem, lead, part } = button.dataset;
    const { intents } = this.world;
    if (quality) this.#rate(quality);
    else if (problem) this.#choose(problem);
    else if (part === "problem-leads-open") this.#focusLead(0);
    else if (lead) intents.problemLead(this.#problem, lead);
  }

  /** Unreadable, chosen a second time, takes away what was found; the reader is told, for it is more than they see. */
  #rate(quality) {
    const hadSaid = mentioned(this.#content).length > 0;
    this.world.intents.quality(quality);
    if (hadSaid && mentioned(this.#content).length === 0)
      this.world.say(this.world.words("unreadable-cleared"));
  }

  /** A problem that is new shows its leads; the same again takes it away. */
  #choose(kind) {
    if (!hasProblem(this.#content, kind)) this.#problem = kind;
    this.world.intents.problem(kind);
  }

  /** Arrows go from lead to lead (APG, toolbar): six in a row as on a sheet of two columns. */
  #move(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 6, ArrowUp: -6 }[event.key];
    const at = LEADS.indexOf(event.target.dataset.lead);
    if (!by || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    this.#focusLead((at + by + LEADS.length) % LEADS.length);
  }

  #focusLead(i) {
    const buttons = [...this.part("problem-leads").children];
    buttons.forEach((button, j) => button.setAttribute("tabindex", i === j ? "0" : "-1"));
    buttons[i].focus();
  }
}
