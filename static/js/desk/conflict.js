// The choice between two drafts of one reading, when another window or device saved one in between.

import { make } from "../dom.js";
import { KINDS, told } from "./findings.js";

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
    // Escape would leave two drafts and no decision; a browser lets a page prevent it once, but not the second time.
    dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => this.#draft && !dialog.open && dialog.showModal());
  }

  ask(draft) {
    if (this.dialog.open) return;
    this.#draft = draft;
    this.#list("mine", draft.content);
    this.#list("theirs", draft.other.content);
    this.dialog.showModal();
  }

  #resolve(choice) {
    const draft = this.#draft;
    this.#draft = null; // decided: now it may close
    this.dialog.close();
    draft.resolve(choice);
    this.world.onResolve(draft);
  }

  #list(side, content) {
    const lines = linesOf(content, this.world);
    this.dialog
      .querySelector(`[data-side="${side}"]`)
      .replaceChildren(...lines.map((line) => make("li", {}, line)));
  }
}

/** All that a draft says, so that two that differ never look the same. */
function linesOf({ findings, not_assessable = [], quality, problems = [], comment }, { catalogue, words }) {
  const evidence = (finding) =>
    KINDS.flatMap((kind) => (finding[kind] ?? []).map((piece) => told(kind, piece, words)));
  const lines = [
    ...findings.map((finding) =>
      [catalogue.name(finding.class), words(`certainty-${finding.certainty}`), ...evidence(finding)].join(
        " · ",
      ),
    ),
    ...not_assessable.map((code) => words("not-assessable-name", { name: catalogue.name(code) })),
  ];
  if (lines.length === 0) lines.push(words("nothing-yet"));
  const why = problems.map(({ kind, leads = [] }) => [words(`problem-${kind}`), ...leads].join(" "));
  lines.push([`${words("quality")}: ${words(`quality-${quality}`)}`, ...why].join(" · "));
  if (comment) lines.push(`“${comment}”`);
  return lines;
}
