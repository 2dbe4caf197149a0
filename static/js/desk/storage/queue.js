// Loads assignments and tracings before they are needed, so that the next exam can be shown immediately.

/** @import { Signal } from "../../ecg/types.js" */
/** @import { Assignment } from "../types.js" */

/**
 * @typedef {object} QueueDeps
 * @property {(id: number | string) => Promise<Assignment>} loadAssignment
 * @property {(href: string) => Promise<ArrayBuffer>} loadTracing
 * @property {(buffer: ArrayBuffer) => Signal} decode
 */

const DEPTH = 3;
const KEPT_SIGNALS = 12;

export class Queue {
  /** @type {Map<string, Assignment>} */
  #assignments = new Map();
  /** @type {Map<string, Signal>} */
  #signals = new Map();
  /** @type {Set<string>} */
  #done = new Set();
  /**
   * Requests in progress, so that nothing is requested twice.
   *
   * @type {Map<string, Promise<any>>}
   */
  #inFlight = new Map();

  /** @param {QueueDeps} deps */
  constructor(deps) {
    this.deps = deps;
  }

  /**
   * Store an assignment, such as the one embedded in the page.
   *
   * @param {Assignment} assignment
   */
  keep(assignment) {
    this.#assignments.set(String(assignment.id), assignment);
  }

  /**
   * Return the assignment, from memory or from the server.
   *
   * @param {number | string} id
   * @returns {Promise<Assignment>}
   */
  async assignment(id) {
    const cached = this.#assignments.get(String(id));
    return cached ?? this.#once(`assignment ${id}`, () => this.refresh(id));
  }

  /**
   * Load the assignment from the server.
   *
   * @param {number | string} id
   */
  async refresh(id) {
    const assignment = await this.deps.loadAssignment(id);
    this.keep(assignment);
    return assignment;
  }

  /**
   * Return the signal of a tracing, from memory or from the server.
   *
   * @param {string} href
   * @returns {Promise<Signal>}
   */
  async signal(href) {
    return this.#signals.get(href) ?? this.#once(href, () => this.#loadSignal(href));
  }

  /** @param {string} href */
  async #loadSignal(href) {
    const signal = this.deps.decode(await this.deps.loadTracing(href));
    this.#signals.set(href, signal);
    const [oldest] = this.#signals.keys();
    if (this.#signals.size > KEPT_SIGNALS) this.#signals.delete(oldest);
    return signal;
  }

  /**
   * Load something, sharing a request that is already in progress.
   *
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} load
   * @returns {Promise<T>}
   */
  #once(name, load) {
    const cached = this.#inFlight.get(name);
    if (cached) return cached;
    const loading = load().finally(() => this.#inFlight.delete(name));
    this.#inFlight.set(name, loading);
    return loading;
  }

  /**
   * Return the assignment if it and its first tracing are loaded, otherwise null.
   *
   * @param {number | string} id
   */
  ready(id) {
    const assignment = this.#assignments.get(String(id));
    return assignment && this.#signals.has(firstTracing(assignment)) ? assignment : null;
  }

  /**
   * Record that `id` was submitted here. It is no longer offered as next, and its outdated content is
   * dropped.
   *
   * @param {number | string} id
   */
  finish(id) {
    this.#done.add(String(id));
    this.#assignments.delete(String(id));
  }

  /**
   * Drop the outdated content of `id`, which can be read again.
   *
   * @param {number | string} id
   */
  forget(id) {
    this.#done.delete(String(id));
    this.#assignments.delete(String(id));
  }

  /**
   * Return the ID of the assignment after `assignment`, or null if there is none or it has been submitted.
   *
   * @param {Assignment} assignment
   */
  after(assignment) {
    const { next } = assignment;
    return next === null || this.#done.has(String(next)) ? null : next;
  }

  /** @param {number | string} id */
  isDone(id) {
    return this.#done.has(String(id));
  }

  /**
   * Load up to `depth` assignments after `assignment`, with their first tracings. Calls `onFirst` with the
   * next one as soon as it is loaded.
   *
   * @param {Assignment} assignment
   * @param {(next: Assignment, signal: Signal) => Promise<void> | void} onFirst
   * @param {number} [depth]
   */
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

  /**
   * Load the first tracing of the patient's previous exam, if the study shows it, so that switching to it
   * needs no request.
   *
   * @param {Pick<Assignment, "exam">} assignment
   */
  async loadPreviousExam({ exam: { prior } }) {
    if (prior) await this.signal(prior.tracings[0].href);
  }
}

/** @param {Pick<Assignment, "exam">} assignment */
export function firstTracing(assignment) {
  return assignment.exam.tracings[0].href;
}
