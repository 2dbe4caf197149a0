import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Catalog } from "../../../../static/js/desk/state/catalog.js";
import { decide, dropStale, forSubmission, restore } from "../../../../static/js/desk/state/decisions.js";
import { Mode, modeOf } from "../../../../static/js/desk/suggestions/revision.js";
import * as labels from "../../../../static/js/desk/state/labels.js";

const classes = JSON.parse(readFileSync(new URL("../../fixtures/classes.json", import.meta.url)));
const catalog = new Catalog(classes, "en");
const NORMAL = "normal_ecg";
const AF = "atrial_fibrillation";
const RBBB = "right_bundle_branch_block";

function having(...codes) {
  return codes.reduce((content, code) => labels.add(content, code, catalog), labels.blank());
}

function findingCodes({ content }) {
  return content.findings.map((finding) => finding.class);
}

/** Decide several times on the suggestion of atrial fibrillation. */
function decided(content, ...verdicts) {
  return verdicts.reduce((state, verdict) => decide(state.decisions, state.content, AF, verdict, catalog), {
    decisions: {},
    content,
  });
}

test("an accepted suggestion becomes a finding", () => {
  assert.deepEqual(findingCodes(decided(having(RBBB), "accepted")), [RBBB, AF]);
});

for (const verdict of ["rejected", "uncertain"]) {
  test(`a suggestion that is ${verdict} leaves the findings unchanged`, () => {
    assert.deepEqual(findingCodes(decided(having(AF), verdict)), [AF]);
  });

  test(`a finding added by accepting is removed once it is ${verdict}`, () => {
    assert.deepEqual(findingCodes(decided(having(RBBB), "accepted", verdict)), [RBBB]);
  });

  test(`the reader's own finding stays when the suggestion is accepted and then ${verdict}`, () => {
    assert.deepEqual(findingCodes(decided(having(AF), "accepted", verdict)), [AF]);
  });
}

test("repeating a decision withdraws it", () => {
  const { decisions, content } = decided(having(), "accepted", "accepted");
  assert.deepEqual([forSubmission(decisions), content.findings], [[], []]);
});

test("a class that contradicts a finding cannot be accepted", () => {
  const state = decided(having(NORMAL), "accepted");
  assert.deepEqual(
    [state.blocker, findingCodes(state), forSubmission(state.decisions)],
    [NORMAL, [NORMAL], []],
  );
});

test("removing an accepted finding withdraws the acceptance", () => {
  const { decisions, content } = decided(having(), "accepted");
  assert.deepEqual(forSubmission(dropStale(decisions, labels.remove(content, AF))), []);
});

test("a rejected class may be found or not", () => {
  const { decisions } = decided(having(), "rejected");
  assert.equal(dropStale(decisions, having(AF)), decisions);
});

test("decisions are submitted by class", () => {
  assert.deepEqual(forSubmission(decided(having(), "uncertain").decisions), [
    { class: AF, verdict: "uncertain" },
  ]);
});

test("only valid stored decisions are restored", () => {
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
  test(`suggestions of ${name} can be decided on: ${mode}`, () => assert.equal(modeOf(assignment), mode));
}
