import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Catalogue } from "../../static/js/catalogue.js";
import * as labels from "../../static/js/labels.js";

const classes = JSON.parse(readFileSync(new URL("fixtures/classes.json", import.meta.url)));
const catalogue = new Catalogue(classes, "pt-br");
const NORMAL = "normal_ecg";
const AF = "atrial_fibrillation";
const RBBB = "right_bundle_branch_block";

function having(...codes) {
  return codes.reduce((content, code) => labels.add(content, code, catalogue), labels.blank());
}

function kinds(content) {
  return labels.objections(content, catalogue).map(({ kind, weight }) => `${kind} ${weight}`);
}

test("a finding is definite until said otherwise", () => {
  assert.deepEqual(having(AF).findings, [{ class: AF, certainty: "definite" }]);
});

test("the same finding is not added twice", () => {
  assert.equal(having(AF, AF).findings.length, 1);
});

test("the normal class blocks every other", () => {
  assert.deepEqual(having(NORMAL, AF), having(NORMAL));
  assert.equal(labels.blockedBy(having(NORMAL), AF, catalogue), NORMAL);
});

test("any finding blocks the normal class", () => {
  assert.equal(labels.blockedBy(having(AF, RBBB), NORMAL, catalogue), AF);
});

test("contradicting findings may stand together, yet the reader is asked", () => {
  assert.deepEqual(kinds(having(AF, "sinus_tachycardia")), ["contradiction asks"]);
});

test("contradictions are seen whichever came first", () => {
  assert.deepEqual(kinds(having("sinus_tachycardia", AF)), ["contradiction asks"]);
});

test("what is merely unusual is only hinted at", () => {
  assert.deepEqual(kinds(having(AF, "atrial_flutter")), ["unusual hints"]);
});

test("nothing chosen is asked about", () => {
  assert.deepEqual(kinds(labels.blank()), ["nothing-chosen asks"]);
});

test("an unreadable exam needs no finding", () => {
  assert.deepEqual(kinds(labels.setQuality(labels.blank(), "unreadable")), []);
});

test("an unreadable exam cannot have findings", () => {
  assert.deepEqual(kinds(labels.setQuality(having(AF), "unreadable")), ["unreadable-with-findings forbids"]);
});

test("a plain reading meets no objection", () => {
  assert.deepEqual(kinds(having(RBBB)), []);
});

test("certainty belongs to one finding", () => {
  const { findings } = labels.setCertainty(having(AF, RBBB), RBBB, "possible");
  assert.deepEqual(findings.map(({ certainty }) => certainty), ["definite", "possible"]);
});

test("a draft with a class that the taxonomy no longer knows is restored without it", () => {
  const { findings } = labels.restore({ findings: [{ class: "gone" }, { class: AF, certainty: "probable" }] }, catalogue);
  assert.deepEqual(findings, [{ class: AF, certainty: "probable" }]);
});

test("nothing restored is a blank reading", () => {
  assert.deepEqual(labels.restore(null, catalogue), labels.blank());
});

test("the order of the findings says nothing", () => {
  assert.ok(labels.same(having(AF, RBBB), having(RBBB, AF)));
});

test("another certainty says something else", () => {
  assert.ok(!labels.same(having(AF), labels.setCertainty(having(AF), AF, "possible")));
});

test("undo takes back step by step", () => {
  let history = labels.begin(labels.blank());
  history = labels.step(history, having(AF));
  history = labels.step(history, having(AF, RBBB));
  assert.deepEqual(labels.undo(history).present, having(AF));
  assert.deepEqual(labels.undo(labels.undo(history)).present, labels.blank());
});

test("nothing is left to undo at the beginning", () => {
  const history = labels.begin(labels.blank());
  assert.equal(labels.undo(history), history);
});

test("the letters of a comment are one step", () => {
  let history = labels.begin(labels.blank());
  for (const comment of ["n", "no", "noi", "noisy"]) history = labels.step(history, labels.setComment(history.present, comment));
  assert.equal(labels.undo(history).present.comment, "");
});

test("a step that changes nothing is none", () => {
  const history = labels.begin(having(AF));
  assert.equal(labels.step(history, having(AF)), history);
});

test("names come in the language of the page", () => {
  assert.equal(catalogue.name(AF), "Fibrilação atrial");
  assert.equal(new Catalogue(classes, "en").name(AF), "Atrial fibrillation");
});
