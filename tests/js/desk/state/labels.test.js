import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Catalog } from "../../../../static/js/desk/state/catalog.js";
import * as labels from "../../../../static/js/desk/state/labels.js";
import { objections } from "../../../../static/js/desk/state/objections.js";

const classes = JSON.parse(readFileSync(new URL("../../fixtures/classes.json", import.meta.url)));
const catalog = new Catalog(classes, "pt-br");
const NORMAL = "normal_ecg";
const AF = "atrial_fibrillation";
const RBBB = "right_bundle_branch_block";

function having(...codes) {
  return codes.reduce((content, code) => labels.add(content, code, catalog), labels.blank());
}

function objectionsTo(content) {
  return objections(content, catalog).map(({ kind, weight }) => `${kind} ${weight}`);
}

test("a new finding is definite", () => {
  assert.deepEqual(having(AF).findings, [
    { class: AF, certainty: "definite", localisations: [], measurements: [] },
  ]);
});

test("the same finding is not added twice", () => {
  assert.equal(having(AF, AF).findings.length, 1);
});

test("the normal class blocks every other", () => {
  assert.deepEqual(having(NORMAL, AF), having(NORMAL));
  assert.equal(labels.blockedBy(having(NORMAL), AF, catalog), NORMAL);
});

test("any finding blocks the normal class", () => {
  assert.equal(labels.blockedBy(having(AF, RBBB), NORMAL, catalog), AF);
});

test("contradicting findings are allowed, but the reader is asked", () => {
  assert.deepEqual(objectionsTo(having(AF, "sinus_tachycardia")), ["contradiction asks"]);
});

test("contradictions are detected in either order", () => {
  assert.deepEqual(objectionsTo(having("sinus_tachycardia", AF)), ["contradiction asks"]);
});

test("an unusual combination only gets a hint", () => {
  assert.deepEqual(objectionsTo(having(AF, "atrial_flutter")), ["unusual hints"]);
});

test("the reader is asked about an empty reading", () => {
  assert.deepEqual(objectionsTo(labels.blank()), ["nothing-chosen asks"]);
});

test("an unreadable exam needs no finding", () => {
  assert.deepEqual(objectionsTo(labels.setQuality(labels.blank(), "unreadable")), []);
});

test("an unreadable exam cannot have findings", () => {
  assert.deepEqual(objectionsTo(labels.setQuality(having(AF), "unreadable")), [
    "unreadable-with-findings forbids",
  ]);
});

test('"unreadable" chosen again clears the classes and nothing else', () => {
  const notAssessable = labels.setNotAssessable(
    labels.setComment(having(AF), "noise"),
    "left_bundle_branch_block",
    catalog,
  );
  const once = labels.setQuality(notAssessable, "unreadable");
  assert.deepEqual(labels.mentioned(once), labels.mentioned(notAssessable));
  const twice = labels.setQuality(once, "unreadable");
  assert.deepEqual([labels.mentioned(twice), twice.quality, twice.comment], [[], "unreadable", "noise"]);
});

test("an ordinary reading has no objections", () => {
  assert.deepEqual(objectionsTo(having(RBBB)), []);
});

test("certainty belongs to one finding", () => {
  const { findings } = labels.setCertainty(having(AF, RBBB), RBBB, "possible");
  assert.deepEqual(
    findings.map(({ certainty }) => certainty),
    ["definite", "possible"],
  );
});

test("restoring a draft drops classes that the taxonomy no longer has", () => {
  const { findings } = labels.restore(
    { findings: [{ class: "gone" }, { class: AF, certainty: "probable" }] },
    catalog,
  );
  assert.deepEqual(
    findings.map((finding) => [finding.class, finding.certainty]),
    [[AF, "probable"]],
  );
});

test("restoring nothing gives a blank reading", () => {
  assert.deepEqual(labels.restore(null, catalog), labels.blank());
});

test("the order of findings does not matter", () => {
  assert.ok(labels.same(having(AF, RBBB), having(RBBB, AF)));
});

test("a different certainty is a different content", () => {
  assert.ok(!labels.same(having(AF), labels.setCertainty(having(AF), AF, "possible")));
});

test("names are in the language of the page", () => {
  assert.equal(catalog.name(AF), "Fibrilação atrial");
  assert.equal(new Catalog(classes, "en").name(AF), "Atrial fibrillation");
});

test("a class is found or not assessable, never both", () => {
  const notAssessable = labels.setNotAssessable(having(AF, RBBB), AF, catalog);
  assert.deepEqual(
    [notAssessable.findings.map((finding) => finding.class), notAssessable.not_assessable],
    [[RBBB], [AF]],
  );
  const toggled = labels.add(notAssessable, AF, catalog);
  assert.deepEqual([labels.holds(toggled, AF), toggled.not_assessable], [true, []]);
});

test("the normal ECG cannot be marked not assessable", () => {
  assert.deepEqual(labels.setNotAssessable(labels.blank(), NORMAL, catalog), labels.blank());
});

test("not assessable toggles back to found, unless the normal ECG blocks it", () => {
  const notAssessable = labels.setNotAssessable(labels.blank(), AF, catalog);
  assert.ok(labels.holds(labels.toggleNotAssessable(notAssessable, AF, catalog), AF));
  const beside = labels.add(notAssessable, NORMAL, catalog);
  assert.equal(labels.toggleNotAssessable(beside, AF, catalog), beside);
});

test("a class marked not assessable makes the reading non-empty", () => {
  assert.deepEqual(objectionsTo(labels.setNotAssessable(labels.blank(), AF, catalog)), []);
});

test("a normal exam with a class that is not assessable is asked about", () => {
  assert.deepEqual(objectionsTo(labels.setNotAssessable(having(NORMAL), AF, catalog)), [
    "normal-not-assessable asks",
  ]);
});

test("an unreadable exam cannot have classes marked not assessable", () => {
  const notAssessable = labels.setNotAssessable(labels.blank(), AF, catalog);
  assert.deepEqual(objectionsTo(labels.setQuality(notAssessable, "unreadable")), [
    "unreadable-with-findings forbids",
  ]);
});

test("evidence stays with its finding when certainty changes", () => {
  const place = { tracing: 1, leads: ["V1", "V2"], from_s: 1.00004, to_s: 0.5 };
  const content = labels.setCertainty(labels.localize(having(AF), AF, place), AF, "possible");
  assert.deepEqual(content.findings[0].localisations, [
    { tracing: 1, leads: ["V1", "V2"], from_s: 0.5, to_s: 1 },
  ]);
});

test("the same measurement is not attached twice", () => {
  const qrs = { kind: "interval", tracing: 1, lead: "II", from_s: 1, to_s: 1.132, value: 132 };
  const once = labels.measure(having(RBBB), RBBB, qrs);
  assert.ok(labels.same(labels.measure(once, RBBB, { ...qrs }), once));
  assert.deepEqual(labels.dropEvidence(once, RBBB, "measurements", 0).findings[0].measurements, []);
});

test("a draft with different evidence is a different draft", () => {
  const localized = labels.localize(having(AF), AF, { tracing: 1, leads: ["II"], from_s: 1, to_s: 2 });
  assert.ok(!labels.same(localized, having(AF)));
});

test("malformed evidence is not restored", () => {
  const { findings } = labels.restore(
    { findings: [{ class: AF, localisations: [{ leads: "II" }], measurements: [{ kind: "x" }] }] },
    catalog,
  );
  assert.deepEqual([findings[0].localisations, findings[0].measurements], [[], []]);
});

test("a good signal has no problems", () => {
  const poor = labels.toggleProblem(labels.setQuality(labels.blank(), "poor"), "noise");
  assert.deepEqual(labels.setQuality(poor, "acceptable").problems, [{ kind: "noise", leads: [] }]);
  assert.deepEqual(labels.setQuality(poor, "good").problems, []);
});

test("the leads of a problem keep the order of the sheet", () => {
  const names = ["I", "II", "III"];
  let content = labels.toggleProblem(labels.setQuality(labels.blank(), "poor"), "lead_off");
  for (const lead of ["III", "I"]) content = labels.toggleProblemLead(content, "lead_off", lead, names);
  assert.deepEqual(content.problems, [{ kind: "lead_off", leads: ["I", "III"] }]);
  assert.deepEqual(labels.toggleProblemLead(content, "lead_off", "I", names).problems[0].leads, ["III"]);
});

test("a draft from before these fields equals one that leaves them empty", () => {
  const old = { findings: [{ class: AF, certainty: "definite" }], quality: "good", comment: "" };
  assert.ok(labels.same(old, labels.restore(old, catalog)));
});
