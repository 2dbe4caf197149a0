// The page's translated texts, and case folding for searches.

/** @typedef {(key: string, values?: Record<string, unknown>) => string} Words */

/**
 * Return a function that looks up a text by its key and replaces `{name}` with `values.name`.
 *
 * @param {Record<string, string | undefined>} dictionary
 * @returns {Words}
 */
export function createTexts(dictionary) {
  return (key, values = {}) => {
    const text = dictionary[key];
    if (text === undefined) throw new RangeError(`no text named ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  };
}

/**
 * Convert to lower case without accents for searching, so that "eletrico" finds "elétrico".
 *
 * @param {string} text
 */
export function foldCase(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
