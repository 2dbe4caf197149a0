import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { foldCase } from "../../../../static/js/texts.js";
import { indexOf, matches } from "../../../../static/js/desk/state/typeahead.js";

const read = (name) => JSON.parse(readFileSync(new URL(`../../fixtures/${name}.json`, import.meta.url)));
const synonyms = read("synonyms");
const classes = read("classes").map((entry) => ({ ...entry, synonyms: synonyms[entry.code] }));
const index = indexOf(classes);

/** The classes that match, best first. */
function rank(...query) {
  return matches(...query).map(({ one }) => one);
}

function first(typed) {
  return rank(index, typed)[0]?.abbreviation;
}

/**
 * Return how many letters of `text` must be typed until the class comes first, or Infinity if it never does.
 */
function keysToTop(code, text) {
  for (let n = 1; n <= text.length; n += 1) {
    if (rank(index, text.slice(0, n))[0]?.code === code) return n;
  }
  return Infinity;
}

function mean(numbers) {
  return numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
}

test("every class ranks first for its abbreviation", () => {
  assert.deepEqual(
    classes.filter(({ abbreviation }) => first(abbreviation) !== abbreviation),
    [],
  );
});

test("abbreviations take little more than two letters on average", () => {
  const keys = classes.map(({ code, abbreviation }) => keysToTop(code, abbreviation));
  assert.ok(mean(keys) <= 2.25, `${mean(keys)} letters`);
});

test("the better of abbreviation and name takes two letters on average", () => {
  const keys = classes.map(({ code, abbreviation, name, name_pt }) =>
    Math.min(keysToTop(code, abbreviation), keysToTop(code, name), keysToTop(code, name_pt)),
  );
  assert.ok(mean(keys) <= 2, `${mean(keys)} letters`);
});

test("every synonym finds its class among the top three", () => {
  const missed = classes.flatMap(({ code, synonyms: names }) =>
    names.filter(
      (name) =>
        !rank(index, name)
          .slice(0, 3)
          .some((match) => match.code === code),
    ),
  );
  assert.deepEqual(missed, []);
});

test("cardiologists' common terms in either language rank first", () => {
  const called = {
    afib: "AF",
    fa: "AF",
    brd: "RBBB",
    bre: "LBBB",
    bigeminy: "PVC",
    bavt: "3AVB",
    sve: "LVH",
    wenckebach: "AVB2-I",
    bdas: "LAFB",
    iam: "STEMI",
    paced: "PACE",
    "delta wave": "WPW",
  };
  assert.deepEqual(Object.keys(called).map(first), Object.values(called));
});

test("part of a synonym is enough", () => {
  assert.deepEqual([first("bigem"), first("onda del"), first("hemibloqueio ant")], ["PVC", "WPW", "LAFB"]);
});

test("classes without synonyms, from a study's own list, are found too", () => {
  const plainIndex = indexOf(classes.map(({ synonyms: _, ...entry }) => entry));
  assert.equal(rank(plainIndex, "af")[0].abbreviation, "AF");
});

test("an exact abbreviation ranks before longer ones", () => {
  assert.deepEqual([first("st"), first("af"), first("er")], ["ST", "AF", "ER"]);
});

test("an abbreviation is found without its punctuation", () => {
  assert.deepEqual([first("avb21"), first("avb2:1"), first("eiaant")], ["AVB2:1", "AVB2:1", "EIA-ANT"]);
});

test("starts of several words find the name", () => {
  assert.equal(first("compl left"), "LBBB");
});

test("Portuguese names are found without accents", () => {
  assert.deepEqual(
    [first("fibrilacao"), first("repolarizacao prec"), first("padrao de bru")],
    ["AF", "ER", "BRU"],
  );
});

test("British and American spelling are equivalent", () => {
  assert.deepEqual(
    [
      first("early repolarisation"),
      first("early repolarization"),
      first("hyperkalaemia"),
      first("hyperkalemia"),
    ],
    ["ER", "ER", "HYPERK", "HYPERK"],
  );
});

test("Portuguese initials find the class", () => {
  assert.ok(rank(index, "bdae").some(({ code }) => code === "left_anterior_fascicular_block"));
});

test("an empty query lists all classes in taxonomy order", () => {
  assert.deepEqual(rank(index, "  "), classes);
});

test("among equal matches the study's frequent classes come first", () => {
  const frequent = ["left_bundle_branch_block", "first_degree_av_block"];
  const [best, second, ...others] = rank(index, "blo", frequent);
  assert.deepEqual([best.code, second.code], frequent);
  assert.deepEqual(
    others,
    rank(index, "blo").filter(({ code }) => !frequent.includes(code)),
  );
});

test("a frequent class does not rank before a better match", () => {
  assert.equal(rank(index, "fa", ["left_anterior_fascicular_block"])[0].abbreviation, "AF");
});

test("the synonym is given only when it is why a class matched", () => {
  const synonymOf = (typed) => matches(index, typed)[0].synonym;
  assert.deepEqual(
    [synonymOf("fa"), synonymOf("bigem"), synonymOf("af"), synonymOf("atrial fib")],
    ["FA", "bigeminy", null, null],
  );
});

test("a match inside a synonym ranks below any match in a name", () => {
  const two = indexOf([
    { code: "one", abbreviation: "X", name: "First", synonyms: ["hemiblock"] },
    { code: "two", abbreviation: "Y", name: "Sinusblock", synonyms: [] },
  ]);
  assert.deepEqual(
    rank(two, "blo").map(({ code }) => code),
    ["two", "one"],
  );
  assert.deepEqual(
    rank(two, "bl").map(({ code }) => code),
    ["two"],
  );
});

test("a query without a match finds nothing", () => {
  assert.deepEqual(rank(index, "qqq"), []);
});

test("accents and case are ignored", () => {
  assert.equal(foldCase("Pré-excitação"), "pre-excitacao");
});
