// A question that is answered by doing the same again, on purpose.

/** Keys hammered out of habit come closer together than this; who reads a question takes longer. */
export const PAUSE_MS = 700;

export class Confirmation {
  #question = "";
  #askedAt = -Infinity;

  /**
   * Is this deed the answer to `question`? If not, the question counts as asked at `now`.
   *
   * A reading cannot be taken back, so an impatient third Ctrl+Enter must not sign an empty one:
   * each repetition without a pause asks anew.
   *
   * @param {string} question what is doubtful; another doubt is another question
   * @param {number} now in milliseconds
   */
  answers(question, now) {
    const isAnswer = question === this.#question && now - this.#askedAt >= PAUSE_MS;
    this.#question = question;
    this.#askedAt = now;
    return isAnswer;
  }

  /** Nothing is asked any more. */
  clear() {
    this.#question = "";
  }
}
