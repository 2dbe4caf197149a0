// The form beside the sheet: it shows a content and tells what the reader wants. It holds no state of the reading.

import { make } from "../dom.js";
import { CERTAINTIES, blockedBy, holds } from "../labels.js";
import { objections } from "../objections.js";
import { ClassFinder } from "./combobox.js";

export class ReadingForm {
  #content = null;
  #active = null;
  #isDisabled = false;

  /**
   * @param {HTMLFormElement} root
   * @param {{catalogue: object, words: Function, frequent: string[], intents: object}} world
   *   Intents: toggle(code), remove(code), certainty(code, certainty), quality(quality), comment(text), submit(), undo().
   */
  constructor(root, world) {
    this.root = root;
    this.world = world;
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.finder = new ClassFinder(this.part("finder"), this.part("options"), {
      catalogue: world.catalogue,
      words: world.words,
      isHeld: (code) => holds(this.#content, code),
      blocker: (code) => blockedBy(this.#content, code, world.catalogue),
      onChoose: (code) => this.#choose(code),
      onRemoveLast: () => this.#removeLast(),
    });
    this.#listen();
  }

  /** Offer these classes on the number keys. */
  offer(codes) {
    const { catalogue } = this.world;
    const known = codes.filter((code) => catalogue.has(code) && !catalogue.isExclusive(code)).slice(0, 9);
    this.part("frequent").replaceChildren(...known.map((code, i) => this.#classButton(code, String(i + 1))));
    const normal = catalogue.exclusive;
    this.part("normal").replaceChildren(...(normal ? [this.#classButton(normal.code, "n", "normal-button")] : []));
  }

  /** Show `content`; `canUndo` says whether a step can be taken back. */
  show(content, { canUndo }) {
    const held = content.findings.map((finding) => finding.class);
    const added = held.find((code) => !this.#content || !holds(this.#content, code));
    this.#active = added ?? (held.includes(this.#active) ? this.#active : (held.at(-1) ?? null));
    this.#content = content;
    this.#keepingFocus(() => {
      this.#showClasses();
      this.part("findings").replaceChildren(...content.findings.map((finding) => this.#findingRow(finding)));
    });
    this.part("nothing").hidden = content.findings.length > 0;
    for (const button of this.root.querySelectorAll("[data-quality]")) {
      button.setAttribute("aria-pressed", String(button.dataset.quality === content.quality));
    }
    const comment = this.part("comment");
    if (comment.value !== content.comment) comment.value = content.comment;
    this.part("undo").disabled = this.#isDisabled || !canUndo;
    this.#showObjections();
  }

  /** Forget which row was at hand: another exam is on view. */
  reset() {
    this.#content = null;
    this.#active = null;
    this.finder.clear();
    this.say("");
  }

  /** Nothing can be changed: submitted already, or the batch is closed. */
  disable(isDisabled) {
    this.#isDisabled = isDisabled;
    for (const control of this.root.elements) {
      if (control.dataset.part !== "help") control.disabled = isDisabled;
    }
  }

  /** Say one sentence under the form, also to a screen reader; `link` may lead on. */
  say(sentence, { isAsking = false, link = null } = {}) {
    const notice = this.part("notice");
    notice.replaceChildren(sentence, ...(link ? [" ", link] : []));
    notice.hidden = sentence === "";
    this.root.classList.toggle("is-asking", isAsking);
  }

  #listen() {
    const { intents } = this.world;
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      intents.submit();
    });
    this.root.addEventListener("click", (event) => this.#click(event.target.closest("button")));
    this.part("comment").addEventListener("input", (event) => intents.comment(event.target.value));
  }

  #click(button) {
    if (!button) return;
    const { toggle, quality, remove, certainty, act } = button.dataset;
    const { intents } = this.world;
    if (toggle) this.#choose(toggle);
    else if (quality) intents.quality(quality);
    else if (remove) intents.remove(remove);
    else if (certainty) this.#changeCertainty(certainty, Number(button.dataset.by));
    else if (act === "undo") intents.undo();
  }

  /** Add or remove a class, or say which finding stands in its way. */
  #choose(code) {
    const { catalogue, intents, words } = this.world;
    const blocker = blockedBy(this.#content, code, catalogue);
    if (blocker) this.say(words("blocked", { name: catalogue.name(code), other: catalogue.name(blocker) }));
    else intents.toggle(code);
  }

  #removeLast() {
    const last = this.#content.findings.at(-1);
    if (last) this.world.intents.remove(last.class);
  }

  #changeCertainty(code, by) {
    this.#active = code;
    const { certainty } = this.#content.findings.find((finding) => finding.class === code);
    const wanted = CERTAINTIES[CERTAINTIES.indexOf(certainty) + by];
    if (wanted) this.world.intents.certainty(code, wanted);
  }

  #classButton(code, key, className = "") {
    const { catalogue } = this.world;
    const { abbreviation } = catalogue.get(code);
    const isNormal = catalogue.isExclusive(code);
    return make(
      "button",
      {
        type: "button", class: `class-button ${className}`, "data-toggle": code, "aria-pressed": "false",
        "aria-keyshortcuts": key, title: catalogue.name(code), "data-key-label": catalogue.name(code),
      },
      make("kbd", {}, key.toUpperCase()),
      make("span", {}, isNormal ? this.world.words("normal") : abbreviation),
    );
  }

  #showClasses() {
    for (const button of this.root.querySelectorAll("[data-toggle]")) {
      const code = button.dataset.toggle;
      button.setAttribute("aria-pressed", String(holds(this.#content, code)));
      button.classList.toggle("is-blocked", Boolean(blockedBy(this.#content, code, this.world.catalogue)));
    }
  }

  #findingRow(finding) {
    const { catalogue, words } = this.world;
    const code = finding.class;
    const name = catalogue.name(code);
    const isActive = code === this.#active;
    return make(
      "li",
      { class: `finding${isActive ? " is-active" : ""}`, title: catalogue.definition(code) },
      make("div", { class: "finding-name" }, make("b", {}, catalogue.get(code).abbreviation), make("span", {}, name)),
      this.#certainty(finding, isActive),
      make("button", {
        type: "button", class: "icon-button", "data-remove": code, "data-focus": `remove-${code}`,
        "aria-label": words("remove", { name }),
        "aria-keyshortcuts": isActive ? "Delete Backspace" : null,
      }, "×"),
    );
  }

  #certainty({ class: code, certainty }, isActive) {
    const { words, catalogue } = this.world;
    const place = CERTAINTIES.indexOf(certainty);
    const stepper = (by, sign, key, label) => make("button", {
      type: "button", class: "icon-button", "data-certainty": code, "data-by": by, "data-focus": `${by}-${code}`,
      "aria-label": `${words(label)}: ${catalogue.name(code)}`,
      "aria-keyshortcuts": isActive ? key : null, "aria-disabled": CERTAINTIES[place + by] ? null : "true",
    }, sign);
    return make(
      "div",
      { class: `certainty is-${certainty}` },
      stepper(-1, "−", "-", "less-certain"),
      make("span", { class: "certainty-name" }, words(`certainty-${certainty}`)),
      stepper(1, "+", "Plus =", "more-certain"),
    );
  }

  #showObjections() {
    const { catalogue, words } = this.world;
    const spoken = objections(this.#content, catalogue).filter(({ kind }) => kind !== "nothing-chosen");
    const sentence = ({ kind, codes }) => {
      const [one, other] = codes.map((code) => catalogue.name(code));
      return make("p", { class: `objection is-${kind}` }, words(kind, { one, other }));
    };
    this.part("objections").replaceChildren(...spoken.map(sentence));
  }

  /** Rows are made anew; a reader who steps through them with the keyboard stays where they were. */
  #keepingFocus(change) {
    const focused = document.activeElement?.dataset?.focus;
    change();
    if (focused) this.root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }
}
