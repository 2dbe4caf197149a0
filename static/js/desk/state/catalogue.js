// The classes of the taxonomy as the page needs them: by code, in the reader's language, with their relations.

export class Catalogue {
  #byCode;

  /**
   * @param {object[]} classes as /api/classes/ lists them
   * @param {string} language of the page, such as "en" or "pt-br"
   */
  constructor(classes, language = "en") {
    this.classes = classes;
    this.language = language;
    this.#byCode = new Map(classes.map((one) => [one.code, one]));
  }

  has(code) {
    return this.#byCode.has(code);
  }

  get(code) {
    return this.#byCode.get(code);
  }

  /** The name in the language of the page. */
  name(code) {
    const one = this.get(code);
    return this.#isPortuguese ? one.name_pt || one.name : one.name;
  }

  groupName(code) {
    const one = this.get(code);
    return this.#isPortuguese ? one.group_name_pt || one.group_name : one.group_name;
  }

  definition(code) {
    const one = this.get(code);
    return (this.#isPortuguese && one.definition_pt) || one.definition || "";
  }

  isExclusive(code) {
    return Boolean(this.get(code)?.is_exclusive);
  }

  /** The one class that stands alone: the normal ECG. */
  get exclusive() {
    return this.classes.find((one) => one.is_exclusive);
  }

  contradict(one, other) {
    return this.#related("excludes", one, other);
  }

  unusualTogether(one, other) {
    return this.#related("soft_conflicts", one, other);
  }

  /** Relations are listed on one side or both; they hold both ways. */
  #related(kind, one, other) {
    const lists = (from, to) => Boolean(this.get(from)?.[kind]?.includes(to));
    return lists(one, other) || lists(other, one);
  }

  get #isPortuguese() {
    return this.language.toLowerCase().startsWith("pt");
  }
}
