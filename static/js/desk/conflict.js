// The dialog for choosing between two drafts of the same exam, shown when another window or device has
// saved a different one.

import { closestTo, find, make } from "../dom.js";
import { EVIDENCE_KINDS, pieceText } from "./form/findings.js";

/** @import { Words } from "../texts.js" */
/** @import { Catalog } from "./state/catalog.js" */
/** @import { Draft } from "./storage/draft.js" */
/** @import { Content, Finding } from "./types.js" */

export class Conflict {
  /** @type {Draft | null} */
  #draft = null;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {{catalog: Catalog, words: Words, onResolve: (draft: Draft) => void}} deps
   */
  constructor(dialog, deps) {
    this.dialog = dialog;
    this.deps = deps;
    dialog.addEventListener("click", (event) => {
      const choice = closestTo(event, "[data-choice]")?.dataset.choice;
      if (choice === "mine" || choice === "theirs") this.#resolve(choice);
    });
    // Escape would close the dialog without a choice. Browsers let a page prevent that only once, so the
    // dialog is opened again if it closes.
    dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => this.#draft && !dialog.open && dialog.showModal());
  }

  /** @param {Draft} draft */
  ask(draft) {
    if (this.dialog.open) return;
    this.#draft = draft;
    this.#list("mine", draft.content);
    if (draft.other) this.#list("theirs", draft.other.content);
    this.dialog.showModal();
  }

  /** @param {"mine" | "theirs"} choice */
  #resolve(choice) {
    const draft = this.#draft;
    if (!draft) return;
    this.#draft = null; // allows the dialog to close
    this.dialog.close();
    draft.resolve(choice);
    this.deps.onResolve(draft);
  }

  /**
   * @param {"mine" | "theirs"} side
   * @param {Content} content
   */
  #list(side, content) {
    const lines = linesOf(content, this.deps);
    find(this.dialog, `[data-side="${side}"]`).replaceChildren(...lines.map((line) => make("li", {}, line)));
  }
}

/**
 * List all parts of a draft, so that the reader can tell two drafts apart.
 *
 * @param {Content} content
 * @param {{catalog: Catalog, words: Words}} deps
 */
function linesOf({ findings, not_assessable = [], quality, problems = [], comment }, { catalog, words }) {
  /** @param {Finding} finding */
  const evidence = (finding) =>
    EVIDENCE_KINDS.flatMap((kind) => (finding[kind] ?? []).map((piece) => pieceText(piece, words)));
  const lines = [
    ...findings.map((finding) =>
      [catalog.name(finding.class), words(`certainty-${finding.certainty}`), ...evidence(finding)].join(
        " · ",
      ),
    ),
    ...not_assessable.map((code) => words("not-assessable-name", { name: catalog.name(code) })),
  ];
  if (lines.length === 0) lines.push(words("no-findings"));
  const why = problems.map(({ kind, leads = [] }) => [words(`problem-${kind}`), ...leads].join(" "));
  lines.push([`${words("quality")}: ${words(`quality-${quality}`)}`, ...why].join(" · "));
  if (comment) lines.push(`“${comment}”`);
  return lines;
}
