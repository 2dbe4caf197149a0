// Which of the classes is meant by a few typed letters. Pure: no page, no state.
//
// The order of the tiers was measured over the 66 classes (two letters and Enter on average): the whole
// abbreviation, a whole synonym ("FA"), the abbreviation's beginning, beginnings of words of either language,
// those of synonyms ("bigem"), initials, any other place of a name, any other place of a synonym.

import { plain } from "../../fold_case.js";

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

/** Fewer letters stand inside of nearly everything. */
const LEAST_INSIDE = 3;

// Initials leave these out, as people do: "BDAS", not "BDAES".
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

function compact(text) {
  return plain(text).replace(/[^a-z0-9]/g, "");
}

function wordsOf(text) {
  return plain(text)
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
}

/** British and American spelling of a word, for a reader may type either. */
function spellings(word) {
  const american = word.replace(/ae/g, "e").replace(/is(ation|ed|e)/g, "iz$1");
  return american === word ? [word] : [word, american];
}

/** Prepare the classes once; `matches` then only compares strings. */
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
 * The classes that `typed` may mean, best first; all of them, in their own order, when nothing is typed.
 *
 * @param {object[]} index @param {string} typed
 * @param {string[]} [usual] codes of the classes that come first, in this order, among those that match equally well
 * @returns {{one: object, synonym: string | null}[]} `synonym`: what the class is also called, when that is why it is here
 */
export function matches(index, typed, usual = []) {
  const query = { compact: compact(typed), words: wordsOf(typed) };
  if (!query.compact) return index.map(({ one }) => ({ one, synonym: null }));
  const rarity = ({ one }) => (usual.includes(one.code) ? usual.indexOf(one.code) : usual.length);
  return index
    .map((entry) => ({ entry, match: matchOf(entry, query) }))
    .filter(({ match }) => match !== null)
    .sort(
      (a, b) =>
        a.match.tier - b.match.tier ||
        a.match.place - b.match.place ||
        rarity(a.entry) - rarity(b.entry) ||
        a.entry.position - b.entry.position,
    )
    .map(({ entry: { one }, match: { synonym } }) => ({ one, synonym }));
}

/** `{tier, place within the tier, synonym}`, smaller is better; null when the entry does not match. */
function matchOf(entry, query) {
  const { abbreviation, names, synonyms, initials, text } = entry;
  const found = (tier, place = 0, synonym = null) => ({ tier, place, synonym });
  if (abbreviation === query.compact) return found(TIERS.EXACT);
  const called = synonyms.find((synonym) => synonym.text === query.compact);
  if (called) return found(TIERS.SYNONYM, 0, called.name);
  if (abbreviation.startsWith(query.compact)) return found(TIERS.ABBREVIATION);
  const [named] = places(names, query.words);
  if (named) return found(TIERS.WORDS, named.place);
  const [begun] = places(
    synonyms.map(({ words }) => words),
    query.words,
  );
  if (begun) return found(TIERS.SYNONYM_WORDS, begun.place, synonyms[begun.i].name);
  if (initials.some((letters) => letters.startsWith(query.compact))) return found(TIERS.INITIALS);
  if ([abbreviation, ...text].some((letters) => letters.includes(query.compact))) return found(TIERS.INSIDE);
  if (query.compact.length < LEAST_INSIDE) return null;
  const holding = synonyms.find((synonym) => synonym.text.includes(query.compact));
  return holding ? found(TIERS.INSIDE_SYNONYM, 0, holding.name) : null;
}

/** Which of `names` the typed words begin words of, the earliest place first: `[{i, place}]`. */
function places(names, typed) {
  return names
    .map((words, i) => ({ i, place: firstPlace(words, typed) }))
    .filter(({ place }) => place >= 0)
    .sort((one, other) => one.place - other.place);
}

/** Where the first typed word begins in `words`, if every typed word begins one of them; else -1. */
function firstPlace(words, typed) {
  const found = typed.map((prefix) =>
    words.findIndex((variants) => variants.some((word) => word.startsWith(prefix))),
  );
  return found.includes(-1) ? -1 : found[0];
}
