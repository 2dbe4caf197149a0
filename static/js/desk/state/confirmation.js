// Confirming a question by repeating the same action on purpose.

/** Keys pressed repeatedly out of habit come closer together than this; reading a question takes longer. */
export const PAUSE_MS = 700;

export class Confirmation {
  #question = "";
  #askedAt = -Infinity;

  /**
   * Does this action answer `question`? If not, the question counts as asked at `now`.
   *
   * A reading cannot be taken back, so an impatient third Ctrl+Enter must not sign an empty one: each
   * repetition without a pause asks again.
   *
   * @param {string} question what is doubtful; a different doubt is a different question
   * @param {number} now in milliseconds
   */
  answers(question, now) {
    const isAnswer = question === this.#question && now - this.#askedAt >= PAUSE_MS;
    this.#question = question;
    this.#askedAt = now;
    return isAnswer;
  }

  /** Withdraw the question. */
  clear() {
    this.#question = "";
  }
}
