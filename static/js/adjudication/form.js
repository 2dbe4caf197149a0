// The form of the adjudication desk: the classes in dispute with the votes on them, and the answers.

import { closestTo, find, findAll, keepFocus, make, partsOf } from "../dom.js";
import { isUnreadable, majorityOn, overruled, votesOn, withMajority } from "./decisions.js";
import { colorClass } from "./reader_marks.js";

/** @import { Catalog } from "../desk/state/catalog.js" */
/** @import { Words } from "../texts.js" */
/** @import { Answer, AuditForm, Case, Decisions, Member } from "./types.js" */

/**
 * @typedef {object} Intents what the adjudicator does in the form
 * @property {(code: string) => void} select
 * @property {() => void} selectNext
 * @property {(code: string, answer: Answer) => void} answer
 * @property {(code: string, reason: string) => void} reason
 * @property {(isReadable: boolean) => void} readability
 * @property {(code: string) => void} overrule
 * @property {(change: Partial<AuditForm>) => void} audit
 * @property {(comment: string) => void} comment
 * @property {() => void} majority
 * @property {() => void} defer
 * @property {() => void} submit
 */

/** @type {[Answer, string][]} */
const ANSWERS = [
  ["present", "1"],
  ["absent", "2"],
  ["not_decidable", "3"],
];

export class AdjudicationForm {
  /**
   * @param {HTMLFormElement} element
   * @param {{catalog: Catalog, words: Words, intents: Intents}} deps
   */
  constructor(element, deps) {
    this.element = element;
    this.deps = deps;
    this.part = partsOf(element);
    this.#listen();
  }

  #listen() {
    const { element, part } = this;
    const { intents } = this.deps;
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      intents.submit();
    });
    element.addEventListener("click", (event) => this.#handleClick(event));
    element.addEventListener("input", (event) => this.#handleInput(event));
    part("majority").addEventListener("click", () => intents.majority());
    part("next-class").addEventListener("click", () => intents.selectNext());
    part("defer").addEventListener("click", () => intents.defer());
    const choice = part("overrule", HTMLSelectElement);
    choice.addEventListener("change", () => {
      if (choice.value) intents.overrule(choice.value);
      choice.value = "";
    });
  }

  /** @param {Event} event */
  #handleClick(event) {
    const { intents } = this.deps;
    const button = closestTo(event, "button");
    const code = closestTo(event, "[data-class]")?.dataset.class ?? "";
    if (code) intents.select(code);
    if (button?.dataset.answer) intents.answer(code, /** @type {Answer} */ (button.dataset.answer));
    if (button?.dataset.overrule) intents.overrule(button.dataset.overrule);
    if (button?.dataset.readable) intents.readability(button.dataset.readable === "yes");
    if (button?.dataset.report) intents.audit({ better: button.dataset.report });
    if (button?.dataset.conduct) intents.audit({ changesConduct: button.dataset.conduct === "yes" });
  }

  /** @param {Event} event */
  #handleInput(event) {
    const { intents } = this.deps;
    const field = /** @type {HTMLInputElement} */ (event.target);
    const code = closestTo(event, "[data-class]")?.dataset.class;
    if (field.dataset.part === "reason" && code) intents.reason(code, field.value);
    if (field.dataset.part === "comment") intents.comment(field.value);
    if (field.dataset.error) {
      const chosen = findAll(this.element, "input[data-error]:checked", HTMLInputElement);
      intents.audit({ errors: chosen.map((box) => box.dataset.error ?? "") });
    }
  }

  /**
   * @param {Case} of
   * @param {Decisions} decisions
   * @param {string | null} selected the class whose marks are on the sheet
   */
  show(of, decisions, selected) {
    const { words } = this.deps;
    this.part("step").textContent = this.#step(of);
    const codes = [...of.asked, ...overruled(of, decisions)];
    keepFocus(this.part("disputed"), () =>
      this.part("disputed").replaceChildren(
        ...codes.map((code) => this.#row(of, decisions, { code, isSelected: code === selected })),
      ),
    );
    this.part("nothing-disputed").hidden = of.asked.length > 0;
    this.part("classes").classList.toggle("is-moot", isUnreadable(of, decisions));
    this.part("majority").hidden = withMajority(of).length === 0;
    this.#showReadability(of, decisions);
    this.#showAgreed(of, decisions);
    this.#showMembers(of);
    this.#showAudit(of, decisions.audit);
    const comment = this.part("comment", HTMLTextAreaElement);
    if (comment.value !== decisions.comment) comment.value = decisions.comment;
    this.part("place").textContent = words("position", of.queue);
    const progress = this.part("progress", HTMLProgressElement);
    progress.max = of.queue.total;
    progress.value = of.queue.position;
  }

  /**
   * @param {string} text
   * @param {{isAsking?: boolean, link?: HTMLElement | null}} [how]
   */
  say(text, { isAsking = false, link = null } = {}) {
    const notice = this.part("notice");
    notice.hidden = !text;
    notice.replaceChildren(text, ...(link ? [" ", link] : []));
    this.element.classList.toggle("is-asking", isAsking);
  }

  /** @param {boolean} isDisabled */
  disable(isDisabled) {
    for (const control of findAll(this.element, "button, input, textarea, select", HTMLButtonElement))
      if (control.dataset.part !== "help") control.disabled = isDisabled;
  }

  /**
   * Put the cursor where the answer to the obstacle goes.
   *
   * @param {string} code
   */
  focusReason(code) {
    find(this.element, `[data-class="${CSS.escape(code)}"] [data-part=reason]`).focus();
  }

  /** @param {Case} of */
  #step({ due, stages, is_waiting: isWaiting, is_committee: isCommittee }) {
    const { words } = this.deps;
    if (isWaiting) return words("waits-for-session");
    if (due === null) return words("decided");
    const key = isCommittee && due !== "discussed" ? `step-first-${due}` : `step-${due}`;
    const place = stages.indexOf(due) + 1;
    const step = stages.length > 1 ? words("step", { place, total: stages.length }) : "";
    return [step, words(key)].filter(Boolean).join(" ");
  }

  /**
   * @param {Case} of
   * @param {Decisions} decisions
   * @param {{code: string, isSelected: boolean}} row
   */
  #row(of, decisions, { code, isSelected }) {
    const { catalog, words } = this.deps;
    const { answer, reason } = decisions.entries[code];
    const isOverruled = !of.asked.includes(code);
    const name = catalog.name(code);
    return make(
      "li",
      { class: `dispute${isSelected ? " is-active" : ""}`, "data-class": code },
      make(
        "div",
        { class: "dispute-name" },
        make(
          "button",
          {
            type: "button",
            class: "dispute-select",
            "aria-current": isSelected && "true",
            "data-focus": `select-${code}`,
            title: catalog.definition(code),
          },
          name,
        ),
        isOverruled &&
          make(
            "button",
            {
              type: "button",
              class: "icon-button",
              "data-overrule": code,
              "aria-label": words("stop-overruling", { name }),
            },
            "×",
          ),
      ),
      this.#votes(of, code, { isOverruled }),
      isOverruled
        ? make("p", { class: "dispute-overruled" }, words(`overrule-${answer}`))
        : make(
            "div",
            { class: "dispute-answers", role: "group", "aria-label": name },
            ...ANSWERS.map(([value, key]) => this.#answerButton(code, value, { key, answer, isSelected })),
          ),
      make("input", {
        "data-part": "reason",
        "data-focus": `reason-${code}`,
        class: "dispute-reason",
        value: reason,
        maxlength: 2000,
        autocomplete: "off",
        placeholder: words(isOverruled ? "reason-required" : "reason-optional"),
        "aria-label": words("reason-for", { name }),
        "aria-required": isOverruled && "true",
        "aria-keyshortcuts": isSelected && "r",
        "data-key-label": isSelected && words("reason-key"),
      }),
    );
  }

  /**
   * @param {string} code
   * @param {Answer} value
   * @param {{key: string, answer: Answer | null, isSelected: boolean}} state
   */
  #answerButton(code, value, { key, answer, isSelected }) {
    const { words } = this.deps;
    return make(
      "button",
      {
        type: "button",
        class: "class-button",
        "data-answer": value,
        "data-focus": `${value}-${code}`,
        "aria-pressed": String(answer === value),
        "aria-keyshortcuts": isSelected && key,
        "data-key-label": isSelected && words(`answer-${value}`),
      },
      isSelected && make("kbd", { "aria-hidden": "true" }, key),
      words(`answer-${value}`),
    );
  }

  /**
   * @param {Case} of
   * @param {string} code
   * @param {{isOverruled: boolean}} row
   */
  #votes({ readings }, code, { isOverruled }) {
    const { words } = this.deps;
    if (readings.length === 0) return null;
    const votes = votesOn(readings, code);
    const majority = isOverruled ? null : majorityOn(readings, code);
    return make(
      "p",
      { class: "dispute-votes" },
      ...readings.map(({ letter, findings, is_readable: isReadable }, place) => {
        const vote = votes[place];
        const found = findings.find((finding) => finding.class === code);
        const key =
          vote === null ? (isReadable ? "not-assessable" : "unreadable") : vote ? "present" : "absent";
        const certainty =
          found && found.certainty !== "definite" ? words(`certainty-${found.certainty}`) : "";
        const text = [words(`vote-${key}`), certainty].filter(Boolean).join(", ");
        return make(
          "span",
          { class: `vote ${colorClass(place)} is-${key}` },
          make("b", {}, letter),
          ` ${text}`,
        );
      }),
      majority && make("span", { class: "dispute-majority" }, words(`majority-${majority}`)),
    );
  }

  /**
   * @param {Case} of
   * @param {Decisions} decisions
   */
  #showReadability({ asks_readability: isAsked, readings }, { isReadable }) {
    const panel = this.part("readability");
    panel.hidden = !isAsked;
    for (const button of findAll(panel, "[data-readable]")) {
      const isChosen = isReadable !== null && (button.dataset.readable === "yes") === isReadable;
      button.setAttribute("aria-pressed", String(isChosen));
    }
    const unreadable = readings.filter((reading) => !reading.is_readable).map(({ letter }) => letter);
    this.part("readability-votes").textContent = unreadable.length
      ? this.deps.words("called-unreadable", { letters: unreadable.join(", ") })
      : "";
  }

  /**
   * @param {Case} of
   * @param {Decisions} decisions
   */
  #showAgreed(of, decisions) {
    const { catalog, words } = this.deps;
    const { agreed, asked } = of;
    const nAbsent = catalog.classes.length - agreed.length - asked.length;
    this.part("agreed-summary").textContent = words("agreed", { count: agreed.length + nAbsent });
    this.part("agreed").replaceChildren(
      ...agreed
        .filter((code) => !(code in decisions.entries))
        .map((code) =>
          make(
            "li",
            {},
            make("span", {}, catalog.name(code)),
            make(
              "button",
              { type: "button", class: "button-link", "data-overrule": code },
              words("overrule"),
            ),
          ),
        ),
    );
    this.part("agreed-absent").textContent = words("agreed-absent", { count: nAbsent });
    const choice = this.part("overrule", HTMLSelectElement);
    const others = catalog.classes.filter(
      ({ code }) => !agreed.includes(code) && !(code in decisions.entries),
    );
    choice.replaceChildren(
      make("option", { value: "" }, words("overrule-choose")),
      ...others.map(({ code }) => make("option", { value: code }, catalog.name(code))),
    );
  }

  /** @param {Case} of */
  #showMembers({ members }) {
    const panel = this.part("members");
    panel.hidden = members.length === 0;
    find(panel, "ul").replaceChildren(...members.map((member) => this.#member(member)));
  }

  /** @param {Member} member */
  #member({ numeral, is_own: isOwn, is_unreadable: isIllegible, answers, comment }) {
    const { catalog, words } = this.deps;
    const lines = isIllegible
      ? [words("vote-unreadable")]
      : answers.map(
          ({ class: code, answer, reason }) =>
            `${catalog.name(code)}: ${words(`answer-${answer}`)}${reason ? ` (${reason})` : ""}`,
        );
    return make(
      "li",
      {},
      make("b", {}, words(isOwn ? "member-own" : "member", { numeral })),
      ...[...lines, comment].filter(Boolean).map((line) => make("p", {}, line)),
    );
  }

  /**
   * @param {Case} of
   * @param {AuditForm} audit
   */
  #showAudit({ asks_audit_form: isAsked }, { better, changesConduct, errors }) {
    const panel = this.part("audit");
    panel.hidden = !isAsked;
    for (const button of findAll(panel, "[data-report]"))
      button.setAttribute("aria-pressed", String(button.dataset.report === better));
    for (const button of findAll(panel, "[data-conduct]")) {
      const isChosen = changesConduct !== null && (button.dataset.conduct === "yes") === changesConduct;
      button.setAttribute("aria-pressed", String(isChosen));
    }
    for (const box of findAll(panel, "input[data-error]", HTMLInputElement))
      box.checked = errors.includes(box.dataset.error ?? "");
  }
}
