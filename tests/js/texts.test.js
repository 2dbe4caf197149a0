import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { createTexts } from "../../static/js/texts.js";

const views = new URL("../../annotations/views/", import.meta.url);
const server = readdirSync(views, { recursive: true })
  .filter((name) => name.endsWith("texts.py"))
  .map((name) => readFileSync(new URL(name, views), "utf8"))
  .join("\n");
const textKeys = new Set([...server.matchAll(/^ +"([a-zA-Z0-9_-]+)": _\(/gm)].map(([, key]) => key));

const folder = new URL("../../static/js/", import.meta.url);
const scripts = readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith(".js"))
  .map((name) => readFileSync(new URL(name, folder), "utf8"))
  .join("\n");

test("every text that a script uses by name is translated", () => {
  const usedKeys = [...scripts.matchAll(/\bwords\(\s*"([^"]+)"/g)].map(([, key]) => key);
  assert.deepEqual(
    usedKeys.filter((key) => !textKeys.has(key)),
    [],
  );
});

test("every text whose key contains a state is translated", () => {
  const states = [
    ...["good", "acceptable", "poor", "unreadable"].map((quality) => `quality-${quality}`),
    ...["definite", "probable", "possible"].map((certainty) => `certainty-${certainty}`),
    ...["nothing-chosen", "unreadable-with-findings", "contradiction", "unusual"],
    ...["outbox-offline", "outbox-signed-out", "sex-F", "sex-M"],
  ];
  assert.deepEqual(
    states.filter((key) => !textKeys.has(key)),
    [],
  );
});

test("every translated text is used", () => {
  const beginnings = (key) => [...key.matchAll(/-/g)].map(({ index }) => key.slice(0, index + 1));
  const isUsed = (key) =>
    scripts.includes(`"${key}"`) || beginnings(key).some((part) => scripts.includes(`\`${part}\${`));
  const objectionKinds = new Set(["nothing-chosen", "unreadable-with-findings", "contradiction", "unusual"]);
  assert.deepEqual(
    [...textKeys].filter((key) => !isUsed(key) && !objectionKinds.has(key)),
    [],
  );
});

test("values are filled in", () => {
  assert.equal(
    createTexts({ place: "{position} of {total}" })("place", { position: 5, total: 30 }),
    "5 of 30",
  );
});

test("an unknown text is refused", () => {
  assert.throws(() => createTexts({})("place"), RangeError);
});

test("only one file names Plotly", () => {
  const naming = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .filter((name) => /\bPlotly\./.test(readFileSync(new URL(name, folder), "utf8")));
  assert.deepEqual(naming.sort(), ["plot.js"]);
});

test("only api.js calls fetch", () => {
  const fetching = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .filter((name) => /\bfetch\(/.test(readFileSync(new URL(name, folder), "utf8")));
  assert.deepEqual(fetching, ["api.js"]);
});
