// The assignments ahead, loaded before they are needed so that the next exam is there at once.

const DEPTH = 3;
const KEPT_SIGNALS = 12;

export class Queue {
  #assignments = new Map();
  #signals = new Map();
  #done = new Set();
  #underway = new Map(); // what is asked for at this moment, so that nothing is asked for twice

  /** @param {{loadAssignment: Function, loadTracing: Function, decode: Function}} world */
  constructor(world) {
    this.world = world;
  }

  /** Take in an assignment that came with the page. */
  keep(assignment) {
    this.#assignments.set(String(assignment.id), assignment);
  }

  /** The assignment, from memory or from the server. */
  async assignment(id) {
    const known = this.#assignments.get(String(id));
    return known ?? this.#once(`assignment ${id}`, () => this.refresh(id));
  }

  /** The assignment as the server has it now. */
  async refresh(id) {
    const assignment = await this.world.loadAssignment(id);
    this.keep(assignment);
    return assignment;
  }

  /** The signal of a tracing, from memory or from the server. */
  async signal(href) {
    return this.#signals.get(href) ?? this.#once(href, () => this.#loadSignal(href));
  }

  async #loadSignal(href) {
    const signal = this.world.decode(await this.world.loadTracing(href));
    this.#signals.set(href, signal);
    // A Map gives its keys in the order they came: the first is the oldest.
    if (this.#signals.size > KEPT_SIGNALS) this.#signals.delete(this.#signals.keys().next().value);
    return signal;
  }

  /** Whoever wants the same while it is on its way waits for the one answer. */
  #once(name, load) {
    if (!this.#underway.has(name))
      this.#underway.set(
        name,
        load().finally(() => this.#underway.delete(name)),
      );
    return this.#underway.get(name);
  }

  /** The assignment, if it and its first tracing can be shown without waiting; else null. */
  ready(id) {
    const assignment = this.#assignments.get(String(id));
    return assignment && this.#signals.has(firstTracing(assignment)) ? assignment : null;
  }

  /** The reading of `id` was submitted here: it is never next again, and its content is out of date. */
  finish(id) {
    this.#done.add(String(id));
    this.#assignments.delete(String(id));
  }

  /** What was known of `id` is out of date: it is asked for anew, and may be read again. */
  forget(id) {
    this.#done.delete(String(id));
    this.#assignments.delete(String(id));
  }

  /** The id of what follows `assignment`, or null when none is known that is still to be read. */
  after(assignment) {
    const { next } = assignment;
    return next === null || this.#done.has(String(next)) ? null : next;
  }

  isDone(id) {
    return this.#done.has(String(id));
  }

  /** Load what follows `assignment`; calls `onFirst` with the next one as soon as it can be drawn. */
  async loadAhead(assignment, onFirst, depth = DEPTH) {
    let current = assignment;
    for (let step = 0; step < depth; step += 1) {
      const next = this.after(current);
      if (next === null) return;
      current = await this.assignment(next);
      const signal = await this.signal(firstTracing(current));
      if (step === 0) await onFirst(current, signal);
    }
  }

  /** Load the patient's exam before `assignment`, where its reader may compare: turning to it is one frame then. */
  async loadPrior({ exam: { prior } }) {
    if (prior) await this.signal(prior.tracings[0].href);
  }
}

export function firstTracing(assignment) {
  return assignment.exam.tracings[0].href;
}
