// The page's texts as the server translated them, and case folding for searches.

/** @typedef {(key: string, values?: Record<string, unknown>) => string} Words */

/**
 * A function from a key to its text, with `{name}` replaced from `values`.
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
 * Lower case without accents, for searching: "elétrico" is found by "eletrico".
 *
 * @param {string} text
 */
export function foldCase(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
