// The choice between two drafts of one reading, when another window or device saved one in between.

import { make } from "../dom.js";

export class Conflict {
  #draft = null;

  /** @param {HTMLDialogElement} dialog @param {{catalogue: object, words: Function, onResolve: (draft) => void}} world */
  constructor(dialog, world) {
    this.dialog = dialog;
    this.world = world;
    dialog.addEventListener("click", (event) => {
      const { choice } = event.target.closest("[data-choice]")?.dataset ?? {};
      if (choice) this.#resolve(choice);
    });
    // Escape would leave two drafts and no decision.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
  }

  ask(draft) {
    if (this.dialog.open) return;
    this.#draft = draft;
    this.#list("mine", draft.content);
    this.#list("theirs", draft.other.content);
    this.dialog.showModal();
  }

  close() {
    this.dialog.close();
  }

  #resolve(choice) {
    this.dialog.close();
    this.#draft.resolve(choice);
    this.world.onResolve(this.#draft);
  }

  #list(side, { findings, quality, comment }) {
    const { catalogue, words } = this.world;
    const lines = findings.map((finding) => `${catalogue.name(finding.class)} · ${words(`certainty-${finding.certainty}`)}`);
    if (lines.length === 0) lines.push(words("nothing-yet"));
    lines.push(`${words("quality")}: ${words(`quality-${quality}`)}`);
    if (comment) lines.push(`“${comment}”`);
    this.dialog.querySelector(`[data-side="${side}"]`).replaceChildren(...lines.map((line) => make("li", {}, line)));
  }
}
