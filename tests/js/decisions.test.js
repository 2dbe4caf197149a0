import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Catalogue } from "../../static/js/desk/state/catalogue.js";
import { decide, restore, settle, told } from "../../static/js/desk/state/decisions.js";
import { Mode, modeOf } from "../../static/js/desk/revision.js";
import * as labels from "../../static/js/desk/state/labels.js";

const classes = JSON.parse(readFileSync(new URL("fixtures/classes.json", import.meta.url)));
const catalogue = new Catalogue(classes, "en");
const NORMAL = "normal_ecg";
const AF = "atrial_fibrillation";
const RBBB = "right_bundle_branch_block";

function having(...codes) {
  return codes.reduce((content, code) => labels.add(content, code, catalogue), labels.blank());
}

function found({ content }) {
  return content.findings.map((finding) => finding.class);
}

/** Decide on fibrillation, one verdict after the other. */
function decided(content, ...verdicts) {
  return verdicts.reduce((so, verdict) => decide(so.decisions, so.content, AF, verdict, catalogue), {
    decisions: {},
    content,
  });
}

test("an accepted suggestion becomes a finding", () => {
  assert.deepEqual(found(decided(having(RBBB), "accepted")), [RBBB, AF]);
});

for (const verdict of ["rejected", "uncertain"]) {
  test(`a suggestion that is ${verdict} leaves the findings as they are`, () => {
    assert.deepEqual(found(decided(having(AF), verdict)), [AF]);
  });

  test(`what was accepted and is now ${verdict} is no finding any more`, () => {
    assert.deepEqual(found(decided(having(RBBB), "accepted", verdict)), [RBBB]);
  });

  test(`a finding of one's own stays when the suggestion is accepted and then ${verdict}`, () => {
    assert.deepEqual(found(decided(having(AF), "accepted", verdict)), [AF]);
  });
}

test("deciding the same again takes the decision back", () => {
  const { decisions, content } = decided(having(), "accepted", "accepted");
  assert.deepEqual([told(decisions), content.findings], [[], []]);
});

test("what cannot stand beside a finding is not accepted", () => {
  const so = decided(having(NORMAL), "accepted");
  assert.deepEqual([so.blocker, found(so), told(so.decisions)], [NORMAL, [NORMAL], []]);
});

test("who removes an accepted finding accepts it no more", () => {
  const { decisions, content } = decided(having(), "accepted");
  assert.deepEqual(told(settle(decisions, labels.remove(content, AF))), []);
});

test("a rejected class may be found or not", () => {
  const { decisions } = decided(having(), "rejected");
  assert.equal(settle(decisions, having(AF)), decisions);
});

test("decisions are told by class", () => {
  assert.deepEqual(told(decided(having(), "uncertain").decisions), [{ class: AF, verdict: "uncertain" }]);
});

test("of what was stored only what is a decision comes back", () => {
  const stored = {
    [AF]: { verdict: "accepted", isAdded: true },
    [RBBB]: { verdict: "liked" },
    gone: { verdict: "rejected" },
  };
  assert.deepEqual(restore(stored, [AF, RBBB]), { [AF]: { verdict: "accepted", isAdded: true } });
});

const OPEN = { batch: { is_open: true }, reading: null, revision: null, state: "todo" };
const SIGNED = { ...OPEN, state: "submitted", reading: { outcome: "read" } };

for (const [name, assignment, mode] of [
  ["an exam that is read blind", OPEN, Mode.NONE],
  ["an exam that is read with suggestions", { ...OPEN, is_shown_suggestions: true }, Mode.WHILE_READING],
  ["a signed exam", SIGNED, Mode.AFTERWARDS],
  ["a signed exam that was read with suggestions", { ...SIGNED, is_shown_suggestions: true }, Mode.NONE],
  ["a signed exam of a closed batch", { ...SIGNED, batch: { is_open: false } }, Mode.NONE],
  ["an exam from which its reader abstained", { ...SIGNED, reading: { outcome: "abstained" } }, Mode.NONE],
  ["an exam that was revised", { ...SIGNED, revision: {} }, Mode.NONE],
]) {
  test(`on the suggestions of ${name} is decided: ${mode}`, () => assert.equal(modeOf(assignment), mode));
}
