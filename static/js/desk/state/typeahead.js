// Finds classes by a few typed letters. Pure.
//
// Matches are ranked in tiers. Their order was chosen by measurements on the 66 classes, which take two
// letters and Enter on average: the whole abbreviation, a whole synonym ("FA"), the start of the
// abbreviation, starts of words in either language, starts of words in synonyms ("bigem"), initials,
// anywhere in a name, anywhere in a synonym.

import { foldCase } from "../../texts.js";

/** @import { DiagnosticClass } from "../types.js" */

/** @typedef {string[][]} WordList for each word, its spellings */

/**
 * @typedef {object} Entry a class prepared for matching
 * @property {DiagnosticClass} one
 * @property {number} position
 * @property {string} abbreviation
 * @property {WordList[]} names
 * @property {string[]} initials
 * @property {string[]} text
 * @property {{name: string, text: string, words: WordList}[]} synonyms
 */

/** @typedef {{compact: string, words: string[]}} Query */

/**
 * @typedef {{tier: number, place: number, synonym: string | null}} Match smaller tier and place are better
 */

const TIERS = Object.freeze({
  EXACT: 0,
  SYNONYM: 1,
  ABBREVIATION: 2,
  WORDS: 3,
  SYNONYM_WORDS: 4,
  INITIALS: 5,
  INSIDE: 6,
  INSIDE_SYNONYM: 7,
});

/** Minimum number of typed letters for a match inside a synonym. Fewer would match too many classes. */
const MIN_INSIDE_LETTERS = 3;

/** Words that initials leave out: "BDAS", not "BDAES". */
const SMALL_WORDS = new Set([
  "a",
  "as",
  "da",
  "das",
  "de",
  "do",
  "dos",
  "e",
  "for",
  "na",
  "nas",
  "of",
  "on",
  "or",
  "ou",
  "para",
  "the",
]);

/** @param {string} text */
function compact(text) {
  return foldCase(text).replace(/[^a-z0-9]/g, "");
}

/** @param {string} text */
function wordsOf(text) {
  return foldCase(text)
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
}

/**
 * Return the word and, if it differs, its American spelling, because readers may type either.
 *
 * @param {string} word
 */
function spellings(word) {
  const american = word.replace(/ae/g, "e").replace(/is(ation|ed|e)/g, "iz$1");
  return american === word ? [word] : [word, american];
}

/**
 * Prepare the classes once, so that `matches` only has to compare strings.
 *
 * @param {DiagnosticClass[]} classes
 * @returns {Entry[]}
 */
export function indexOf(classes) {
  return classes.map((one, position) => {
    const names = [one.name, one.name_pt].filter(Boolean);
    return {
      one,
      position,
      abbreviation: compact(one.abbreviation),
      names: names.map((name) => wordsOf(name).map(spellings)),
      initials: names.map((name) =>
        wordsOf(name)
          .filter((word) => !SMALL_WORDS.has(word))
          .map((word) => word[0])
          .join(""),
      ),
      text: names.map(compact),
      synonyms: (one.synonyms ?? []).map((name) => ({
        name,
        text: compact(name),
        words: wordsOf(name).map(spellings),
      })),
    };
  });
}

/**
 * Return the classes that match `typed`, best match first. If nothing is typed, return all in their own
 * order.
 *
 * @param {Entry[]} index
 * @param {string} typed
 * @param {string[]} [frequent] codes of the classes that come first among equally good matches, in this
 *   order
 * @returns {{one: DiagnosticClass, synonym: string | null}[]} `synonym` is the synonym that matched, or
 *   null
 */
export function matches(index, typed, frequent = []) {
  const query = { compact: compact(typed), words: wordsOf(typed) };
  if (!query.compact) return index.map(({ one }) => ({ one, synonym: null }));
  /** @param {Entry} entry */
  const rarity = ({ one }) => (frequent.includes(one.code) ? frequent.indexOf(one.code) : frequent.length);
  return index
    .flatMap((entry) => {
      const match = matchOf(entry, query);
      return match ? [{ entry, match }] : [];
    })
    .sort(
      (a, b) =>
        a.match.tier - b.match.tier ||
        a.match.place - b.match.place ||
        rarity(a.entry) - rarity(b.entry) ||
        a.entry.position - b.entry.position,
    )
    .map(({ entry: { one }, match: { synonym } }) => ({ one, synonym }));
}

/**
 * @param {Entry} entry
 * @param {Query} query
 * @returns {Match | null}
 */
function matchOf(entry, query) {
  const { abbreviation, names, synonyms, initials, text } = entry;
  /**
   * @param {number} tier
   * @param {number} [place]
   * @param {string | null} [synonym]
   * @returns {Match}
   */
  const match = (tier, place = 0, synonym = null) => ({ tier, place, synonym });
  if (abbreviation === query.compact) return match(TIERS.EXACT);
  const called = synonyms.find((synonym) => synonym.text === query.compact);
  if (called) return match(TIERS.SYNONYM, 0, called.name);
  if (abbreviation.startsWith(query.compact)) return match(TIERS.ABBREVIATION);
  const [named] = places(names, query.words);
  if (named) return match(TIERS.WORDS, named.place);
  const [begun] = places(
    synonyms.map(({ words }) => words),
    query.words,
  );
  if (begun) return match(TIERS.SYNONYM_WORDS, begun.place, synonyms[begun.i].name);
  if (initials.some((letters) => letters.startsWith(query.compact))) return match(TIERS.INITIALS);
  if ([abbreviation, ...text].some((letters) => letters.includes(query.compact))) return match(TIERS.INSIDE);
  if (query.compact.length < MIN_INSIDE_LETTERS) return null;
  const holding = synonyms.find((synonym) => synonym.text.includes(query.compact));
  return holding ? match(TIERS.INSIDE_SYNONYM, 0, holding.name) : null;
}

/**
 * Return the names that have a word starting with each typed word, the earliest match first.
 *
 * @param {WordList[]} names
 * @param {string[]} typed
 */
function places(names, typed) {
  return names
    .map((words, i) => ({ i, place: firstPlace(words, typed) }))
    .filter(({ place }) => place >= 0)
    .sort((one, other) => one.place - other.place);
}

/**
 * Return the index of the first word in `words` that starts with the first typed word, or -1 if any typed
 * word starts none of them.
 *
 * @param {WordList} words
 * @param {string[]} typed
 */
function firstPlace(words, typed) {
  const places = typed.map((prefix) =>
    words.findIndex((variants) => variants.some((word) => word.startsWith(prefix))),
  );
  return places.includes(-1) ? -1 : places[0];
}
