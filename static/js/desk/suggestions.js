// What the criteria model says of an exam, shown beside the reader's own signed reading and never before it.

import { Refused, SignedOut, Unreachable } from "../api.js";
import { make } from "../dom.js";

/** What is shown of the measurements, in this order: field, key of its name, unit, decimals. */
const READOUTS = [
  ["heart_rate_bpm", "measured-rate", "bpm", 0],
  ["pr_ms", "measured-pr", "ms", 0],
  ["qrs_ms", "measured-qrs", "ms", 0],
  ["qt_ms", "measured-qt", "ms", 0],
  ["qtc_fridericia_ms", "measured-qtc", "ms", 0],
  ["axis_deg", "measured-axis", "°", 0],
];

/** Strength is no probability: from these values on it is called so. */
const STRENGTHS = [["strong", 0.8], ["moderate", 0.6], ["weak", 0]];

export class Suggestions {
  #assignment = null;

  /** @param {HTMLElement} root @param {{api: object, catalogue: object, words: Function, onSignedOut: Function}} world */
  constructor(root, world) {
    this.root = root;
    this.world = world;
  }

  /** Show what the model says of `assignment` if it may be asked; else ask nothing and show nothing. */
  async show(assignment) {
    this.#assignment = assignment;
    this.root.hidden = true;
    if (!mayAsk(assignment)) return;
    const parts = await this.#ask(assignment);
    // Meanwhile another exam may have come on view.
    if (assignment !== this.#assignment || parts === null) return;
    this.root.replaceChildren(this.#title(), ...parts);
    this.root.hidden = false;
  }

  /** The parts of the panel, or null when there is nothing to show. */
  async #ask(assignment) {
    const { api, words, onSignedOut } = this.world;
    try {
      return this.#panel(await api.loadSuggestions(assignment.id), assignment);
    } catch (error) {
      if (error instanceof Unreachable) return [make("p", {}, words("model-unreachable"))];
      if (error instanceof SignedOut) onSignedOut();
      // Not found: the study shows none, or the model has not looked at this exam.
      else if (!(error instanceof Refused)) throw error;
      return null;
    }
  }

  #title() {
    return make("h2", { id: "suggestions-title" }, this.world.words("model-title"));
  }

  #panel(answer, { reading }) {
    const { words, catalogue } = this.world;
    const { model, version, suggestions, covered_classes: covered } = answer;
    const named = suggestions.filter((one) => catalogue.has(one.class));
    return [
      make("p", { class: "model-name" }, words("model-name", { model, version })),
      named.length > 0
        ? make("ul", { class: "suggested" }, ...named.map((one) => this.#suggestion(one)))
        : make("p", {}, words("model-suggests-none")),
      this.#standings(reading, answer),
      this.#measurements(answer.measurements),
      make("p", { class: "model-scope" }, words("model-scope", { covered: covered.length, total: catalogue.classes.length })),
      make("details", { class: "model-scope" },
        make("summary", {}, words("model-covered")),
        covered.filter((code) => catalogue.has(code)).map((code) => catalogue.name(code)).join(" · ")),
    ].filter((part) => part !== null);
  }

  #suggestion({ class: code, evidence, strength }) {
    const { words, catalogue } = this.world;
    return make(
      "li",
      { title: catalogue.definition(code) },
      make("b", {}, catalogue.name(code)),
      make("span", { class: "evidence" }, evidence),
      make(
        "span",
        { class: "strength" },
        make("meter", { min: 0, max: 1, value: strength, "aria-hidden": "true" }),
        words(`strength-${strengthName(strength)}`, { strength: strength.toFixed(2) }),
      ),
    );
  }

  /** What the reader found and the model did not: a silence has two meanings. */
  #standings(reading, answer) {
    const { words, catalogue } = this.world;
    if (!reading) return null; // shown while reading: nothing is signed that could be compared
    const lines = standings(reading.findings.map((finding) => finding.class), answer);
    if (lines.length === 0) return null;
    const line = ({ code, standing }) => make("li", {}, words(`model-${standing}`, { name: catalogue.name(code) }));
    return make("ul", { class: "standings" }, ...lines.map(line));
  }

  #measurements(measurements) {
    const { words } = this.world;
    const rows = readouts(measurements);
    if (rows.length === 0) return make("p", {}, words("measured-nothing"));
    const cells = ({ name, text, nBeats, reason }) => [
      make("dt", {}, words(name)),
      make("dd", {}, text === null ? words("measured-not") : text,
        make("span", {}, text === null ? reason : words("measured-beats", { count: nBeats }))),
    ];
    return make("dl", { class: "measured" }, ...rows.flatMap(cells));
  }
}

/**
 * Only of what is signed may the model be asked, unless the arm of the study shows it while reading;
 * a reading still on its way is not signed yet.
 */
export function mayAsk({ state, reading, is_shown_suggestions: isShown = false }) {
  return isShown || (state === "submitted" && Boolean(reading));
}

/** The name of a strength: "weak", "moderate" or "strong". */
export function strengthName(strength) {
  return STRENGTHS.find(([, least]) => strength >= least)[0];
}

/**
 * The reader's own classes that the model does not suggest, each with its standing:
 * "not-suggested" when the model looked for it, "not-assessed" when it never does.
 */
export function standings(codes, { suggestions, covered_classes: covered }) {
  const suggested = new Set(suggestions.map((one) => one.class));
  return codes
    .filter((code) => !suggested.has(code))
    .map((code) => ({ code, standing: covered.includes(code) ? "not-suggested" : "not-assessed" }));
}

/** The measurements to show, as text with their unit; text is null where there is a reason instead. */
export function readouts(measurements) {
  return READOUTS.filter(([field]) => measurements[field]).map(([field, name, unit, decimals]) => {
    const { value, n_beats: nBeats, reason } = measurements[field];
    const space = unit === "°" ? "" : " ";
    return { name, text: value === null ? null : `${value.toFixed(decimals)}${space}${unit}`, nBeats, reason };
  });
}
