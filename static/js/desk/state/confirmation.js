// Confirms an action when the reader deliberately repeats it.

/** Habitual repeated key presses are faster than this, and reading a question takes longer. */
export const PAUSE_MS = 700;

export class Confirmation {
  #question = "";
  #askedAt = -Infinity;

  /**
   * Return true if this action confirms `question`. Otherwise the question counts as asked at `now`.
   *
   * An impatient third Ctrl+Enter must not submit an empty reading, so each repetition without a pause asks
   * again.
   *
   * @param {string} question what has to be confirmed; a different question is asked again
   * @param {number} now in milliseconds
   */
  answers(question, now) {
    const isAnswer = question === this.#question && now - this.#askedAt >= PAUSE_MS;
    this.#question = question;
    this.#askedAt = now;
    return isAnswer;
  }

  /** Cancel the question. */
  clear() {
    this.#question = "";
  }
}
