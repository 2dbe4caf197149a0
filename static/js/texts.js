// The page's words in the reader's language, as the server translated them.

/** A function from a key to its words, with `{name}` filled in from `values`. */
export function createTexts(dictionary) {
  return (key, values = {}) => {
    const words = dictionary[key];
    if (words === undefined) throw new RangeError(`no text named ${key}`);
    return words.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  };
}
