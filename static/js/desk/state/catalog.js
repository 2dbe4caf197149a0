// The classes of the taxonomy by code, with names in the page's language and their relations.

/** @import { DiagnosticClass } from "../types.js" */

export class Catalog {
  /** @type {Map<string, DiagnosticClass>} */
  #byCode;

  /**
   * @param {DiagnosticClass[]} classes as /api/classes/ lists them
   * @param {string} [language] of the page, such as "en" or "pt-br"
   */
  constructor(classes, language = "en") {
    this.classes = classes;
    this.language = language;
    this.#byCode = new Map(classes.map((one) => [one.code, one]));
  }

  /** @param {string} code */
  has(code) {
    return this.#byCode.has(code);
  }

  /**
   * @param {string} code of a class of the taxonomy
   * @returns {DiagnosticClass}
   * @throws {RangeError} when there is no such class
   */
  get(code) {
    const entry = this.#byCode.get(code);
    if (!entry) throw new RangeError(`unknown class: ${code}`);
    return entry;
  }

  /**
   * Return the name in the page's language.
   *
   * @param {string} code
   */
  name(code) {
    const entry = this.get(code);
    return this.#isPortuguese ? entry.name_pt || entry.name : entry.name;
  }

  /** @param {string} code */
  groupName(code) {
    const entry = this.get(code);
    return this.#isPortuguese ? entry.group_name_pt || entry.group_name : entry.group_name;
  }

  /** @param {string} code */
  definition(code) {
    const entry = this.get(code);
    return (this.#isPortuguese && entry.definition_pt) || entry.definition || "";
  }

  /** @param {string} code */
  isExclusive(code) {
    return Boolean(this.#byCode.get(code)?.is_exclusive);
  }

  /** The one class that excludes all others: the normal ECG. */
  get exclusive() {
    return this.classes.find((one) => one.is_exclusive);
  }

  /**
   * @param {string} one
   * @param {string} other
   */
  contradict(one, other) {
    return this.#related("excludes", one, other);
  }

  /**
   * @param {string} one
   * @param {string} other
   */
  unusualTogether(one, other) {
    return this.#related("soft_conflicts", one, other);
  }

  /**
   * Return true if either class lists the other. Relations hold in both directions.
   *
   * @param {"excludes" | "soft_conflicts"} kind
   * @param {string} one
   * @param {string} other
   */
  #related(kind, one, other) {
    /**
     * @param {string} from
     * @param {string} to
     */
    const lists = (from, to) => Boolean(this.#byCode.get(from)?.[kind]?.includes(to));
    return lists(one, other) || lists(other, one);
  }

  get #isPortuguese() {
    return this.language.toLowerCase().startsWith("pt");
  }
}
