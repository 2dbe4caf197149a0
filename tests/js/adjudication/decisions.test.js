// The decisions of an adjudicator: majorities, overruling, and what is still missing.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as state from "../../../static/js/adjudication/decisions.js";

const AF = "atrial_fibrillation";
const AVB = "first_degree_av_block";
const LVH = "left_ventricular_hypertrophy";

function reading(letter, ...codes) {
  const findings = codes.map((code) => ({ class: code, certainty: "definite" }));
  return { letter, is_readable: true, findings, not_assessable: [] };
}

function given(more = {}) {
  return {
    asked: [AF, AVB],
    agreed: [LVH],
    asks_readability: false,
    asks_audit_form: false,
    readings: [reading("A", AF, LVH), reading("B", AF, AVB, LVH), reading("C", LVH)],
    decided: [],
    ...more,
  };
}

test("the majority of the readers answers every class in dispute", () => {
  const { entries } = state.followMajority(given(), state.begin(given()));
  assert.deepEqual([entries[AF].answer, entries[AVB].answer], ["present", "absent"]);
});

test("a tie stays open", () => {
  const tied = given({ readings: [reading("A", AF), reading("B")] });
  assert.deepEqual(state.withMajority(tied), [AVB]);
  assert.equal(state.followMajority(tied, state.begin(tied)).entries[AF].answer, null);
});

test("readers who could not assess the class have no vote", () => {
  const unreadable = { ...reading("C"), is_readable: false };
  const silent = { ...reading("B"), not_assessable: [AF] };
  assert.deepEqual(state.votesOn([reading("A", AF), silent, unreadable], AF), [true, null, null]);
});

test("the earlier decision is offered for confirmation", () => {
  const decided = [
    { answers: [{ class: AF, answer: "present", reason: "P waves" }], is_unreadable: false, comment: "x" },
  ];
  const { entries, comment } = state.begin(given({ decided }));
  assert.deepEqual(entries[AF], { answer: "present", reason: "P waves" });
  assert.deepEqual([entries[AVB].answer, comment], [null, "x"]);
});

test("pressing the same answer again takes it back", () => {
  const once = state.toggle(state.begin(given()), AF, "absent");
  assert.equal(once.entries[AF].answer, "absent");
  assert.equal(state.toggle(once, AF, "absent").entries[AF].answer, null);
});

test("normal and another class are not both present", () => {
  const isExclusive = (code) => code === "normal_ecg";
  const asked = given({ asked: ["normal_ecg", AF, AVB] });
  const answers = ({ entries }) => asked.asked.map((code) => entries[code].answer);
  const normal = state.give(state.begin(asked), "normal_ecg", "present", isExclusive);
  assert.deepEqual(answers(normal), ["present", "absent", "absent"]);
  const ill = state.give(normal, AF, "present", isExclusive);
  assert.deepEqual(answers(ill), ["absent", "present", "absent"]);
  assert.deepEqual(answers(state.give(ill, AF, "absent", isExclusive)), ["absent", "absent", "absent"]);
});

test("overruling turns the agreement around", () => {
  const start = state.begin(given());
  assert.equal(state.overrule(given(), start, LVH).entries[LVH].answer, "absent");
  const added = state.overrule(given(), start, "pacemaker_rhythm");
  assert.equal(added.entries.pacemaker_rhythm.answer, "present");
  assert.deepEqual(state.overruled(given(), added), ["pacemaker_rhythm"]);
  assert.deepEqual(state.overrule(given(), added, "pacemaker_rhythm"), start);
});

test("the first class without an answer is named", () => {
  const start = state.toggle(state.begin(given()), AF, "present");
  assert.deepEqual(state.obstacle(given(), start), ["class-open", AVB]);
});

test("overruling needs a reason", () => {
  let entered = state.begin(given());
  for (const code of [AF, AVB]) entered = state.toggle(entered, code, "absent");
  assert.equal(state.obstacle(given(), entered), null);
  entered = state.overrule(given(), entered, LVH);
  assert.deepEqual(state.obstacle(given(), entered), ["reason-missing", LVH]);
  assert.equal(state.obstacle(given(), state.withEntry(entered, LVH, { reason: "R 9 mm" })), null);
});

test("an unreadable exam needs no other answer", () => {
  const asked = given({ asks_readability: true });
  const start = state.begin(asked);
  assert.deepEqual(state.obstacle(asked, start), ["readability-open", null]);
  const unreadable = { ...start, isReadable: false };
  assert.equal(state.obstacle(asked, unreadable), null);
  assert.deepEqual(state.request(asked, unreadable, "masked").answers, []);
});

test("the audit form has to be complete", () => {
  const asked = given({ asked: [], asks_audit_form: true });
  const start = state.begin(asked);
  assert.deepEqual(state.obstacle(asked, start), ["audit-open", null]);
  const audit = { better: "report_1", changesConduct: false, errors: ["missed"] };
  assert.equal(state.obstacle(asked, { ...start, audit }), null);
  assert.deepEqual(state.request(asked, { ...start, audit }, "open").audit_form, {
    better_report: "report_1",
    would_change_conduct: false,
    error_types: ["missed"],
  });
});

test("stored entries of other classes are not restored", () => {
  const stored = state.begin(given({ asked: [AVB] }));
  assert.equal(state.restore(given(), stored), null);
  assert.equal(state.restore(given(), null), null);
});
