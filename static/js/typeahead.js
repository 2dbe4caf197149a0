// Which of the classes is meant by a few typed letters. Pure: no page, no state.
//
// The order of the tiers was measured over the 66 classes (two letters and Enter on average): the whole
// abbreviation, a whole synonym ("FA"), the abbreviation's beginning, beginnings of words of either language,
// those of synonyms ("bigem"), initials, any other place.

const TIERS = Object.freeze({ EXACT: 0, SYNONYM: 1, ABBREVIATION: 2, WORDS: 3, SYNONYM_WORDS: 4, INITIALS: 5, INSIDE: 6 });

// Initials leave these out, as people do: "BDAS", not "BDAES".
const SMALL_WORDS = new Set(["a", "as", "da", "das", "de", "do", "dos", "e", "for", "na", "nas", "of", "on", "or", "ou", "para", "the"]);

/** Lower case without accents: "Sobrecarga atrial" is found by "sobrecarga", "elétrico" by "eletrico". */
export function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function compact(text) {
  return plain(text).replace(/[^a-z0-9]/g, "");
}

function wordsOf(text) {
  return plain(text).split(/[^a-z0-9]+/).filter(Boolean);
}

/** British and American spelling of a word, for a reader may type either. */
function spellings(word) {
  const american = word.replace(/ae/g, "e").replace(/is(ation|ed|e)/g, "iz$1");
  return american === word ? [word] : [word, american];
}

/** Prepare the classes once; `rank` then only compares strings. */
export function indexOf(classes) {
  return classes.map((one, position) => {
    const names = [one.name, one.name_pt].filter(Boolean);
    return {
      one,
      position,
      abbreviation: compact(one.abbreviation),
      names: names.map((name) => wordsOf(name).map(spellings)),
      initials: names.map((name) => wordsOf(name).filter((word) => !SMALL_WORDS.has(word)).map((word) => word[0]).join("")),
      text: names.map(compact),
      synonyms: new Set((one.synonyms ?? []).map(compact)),
      synonymWords: (one.synonyms ?? []).map((name) => wordsOf(name).map(spellings)),
    };
  });
}

/** The classes that `typed` may mean, best first; all of them, in their own order, when nothing is typed. */
export function rank(index, typed) {
  const query = { compact: compact(typed), words: wordsOf(typed) };
  if (!query.compact) return index.map(({ one }) => one);
  return index
    .map((entry) => ({ entry, score: scoreOf(entry, query) }))
    .filter(({ score }) => score !== null)
    .sort((a, b) => a.score[0] - b.score[0] || a.score[1] - b.score[1] || a.entry.position - b.entry.position)
    .map(({ entry }) => entry.one);
}

/** [tier, place within the tier], smaller is better; null when the entry does not match. */
function scoreOf(entry, query) {
  if (entry.abbreviation === query.compact) return [TIERS.EXACT, 0];
  if (entry.synonyms.has(query.compact)) return [TIERS.SYNONYM, 0];
  if (entry.abbreviation.startsWith(query.compact)) return [TIERS.ABBREVIATION, 0];
  const named = bestPlace(entry.names, query.words);
  if (named !== null) return [TIERS.WORDS, named];
  const called = bestPlace(entry.synonymWords, query.words);
  if (called !== null) return [TIERS.SYNONYM_WORDS, called];
  if (entry.initials.some((initials) => initials.startsWith(query.compact))) return [TIERS.INITIALS, 0];
  const inside = [entry.abbreviation, ...entry.text].some((text) => text.includes(query.compact));
  return inside ? [TIERS.INSIDE, 0] : null;
}

/** The earliest place of the typed words in any of `names`, or null. */
function bestPlace(names, typed) {
  const places = names.map((words) => firstPlace(words, typed)).filter((place) => place >= 0);
  return places.length > 0 ? Math.min(...places) : null;
}

/** Where the first typed word begins in `words`, if every typed word begins one of them; else -1. */
function firstPlace(words, typed) {
  const places = typed.map((prefix) => words.findIndex((variants) => variants.some((word) => word.startsWith(prefix))));
  return places.includes(-1) ? -1 : places[0];
}
