import assert from "node:assert/strict";
import { test } from "node:test";

import {
  checkText,
  evidenceText,
  notSuggested,
  notSuggestedText,
} from "../../../../static/js/desk/state/verdicts.js";

const TEXTS = {
  "check-pr_ms": "PR",
  "check-p_consistency": "P wave consistency",
  "check-axis_deg": "Frontal axis",
  "check-missing": "{name} not measured: {reason}",
  "missing-no_p_wave": "no P wave found",
  "why-p_wave_inconsistent": "P wave inconsistent",
  "why-near_limit": "within measurement error of the limit",
  "why-child": "the criteria are for adults",
  "why-not_measured": "not measured",
  "why-criteria_not_met": "criteria not met",
  evidence: "{check}, {by} beyond the limit ({count} of {total} beats)",
  "not-suggested-because": "{main}; {reason}",
  "not-suggested-because-of": "{main}; {reason}: {other}",
  "not-suggested-unmeasured": "{main}; {other}",
};

function words(key, values = {}) {
  return TEXTS[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function check(measurement, value, comparison, limit, outcome, more = {}) {
  return {
    measurement,
    value,
    comparison,
    limit,
    outcome,
    unit: "ms",
    decimals: 0,
    n_beats: 9,
    n_beats_found: 10,
    missing: null,
    ...more,
  };
}

const LONG_PR = check("pr_ms", 246, "above", 200, "met");
const WANDERING_P = check("p_consistency", 0.67, "at_least", 0.7, "failed", { unit: "", decimals: 2 });

test("a suggestion says by how much its limit is exceeded", () => {
  assert.equal(
    evidenceText({ checks: [LONG_PR] }, words, "en"),
    "PR 246 ms > 200 ms, 46 ms beyond the limit (9 of 10 beats)",
  );
});

test("a withheld class names the met and the failed check", () => {
  const verdict = { state: "withheld", reason: "p_wave_inconsistent", checks: [LONG_PR, WANDERING_P] };
  assert.equal(
    notSuggestedText(verdict, words, "en"),
    "PR 246 ms > 200 ms; P wave inconsistent: P wave consistency 0.67 < 0.7",
  );
});

test("a check within a sentence starts in lower case, unless it is an abbreviation", () => {
  const axis = check("axis_deg", -94, "at_least", -90, "failed", { unit: "°" });
  const textWith = (other) =>
    notSuggestedText({ state: "withheld", reason: "child", checks: [LONG_PR, other] }, words, "en").split(
      ": ",
    )[1];
  assert.equal(textWith(axis), "frontal axis −94° < −90°");
  assert.equal(textWith(LONG_PR), "PR 246 ms > 200 ms");
});

test("numbers are written in the reader's language", () => {
  assert.equal(checkText(WANDERING_P, words, "pt-BR"), "P wave consistency 0,67 < 0,7");
});

test("uses a true minus sign", () => {
  const axis = check("axis_deg", -94, "at_least", -90, "failed", { unit: "°" });
  assert.equal(checkText(axis, words, "en"), "Frontal axis −94° < −90°");
  assert.equal(checkText({ ...LONG_PR, comparison: "at_least" }, words, "en"), "PR 246 ms ≥ 200 ms");
  assert.equal(checkText({ ...LONG_PR, value: 150, outcome: "failed" }, words, "en"), "PR 150 ms ≤ 200 ms");
});

test("a missing measurement says why", () => {
  const missing = check("pr_ms", null, "above", 200, "missing", { missing: "no_p_wave" });
  const verdict = { state: "withheld", reason: "not_measured", checks: [missing] };
  assert.equal(notSuggestedText(verdict, words, "en"), "PR not measured: no P wave found");
});

test("unmet criteria show only the measurement", () => {
  const verdict = {
    state: "not_met",
    reason: "criteria_not_met",
    checks: [{ ...LONG_PR, value: 150, outcome: "failed" }],
  };
  assert.equal(notSuggestedText(verdict, words, "en"), "PR 150 ms ≤ 200 ms");
});

test("a value within its error of the limit says so", () => {
  const verdict = {
    state: "withheld",
    reason: "near_limit",
    checks: [check("axis_deg", 91, "above", 90, "near_limit", { unit: "°" })],
  };
  assert.equal(
    notSuggestedText(verdict, words, "en"),
    "Frontal axis 91° > 90°; within measurement error of the limit",
  );
});

test("a child's verdict has a reason and no measurement", () => {
  assert.equal(
    notSuggestedText({ state: "withheld", reason: "child", checks: [] }, words, "en"),
    "the criteria are for adults",
  );
});

test("verdicts on classes that the page does not know are left out", () => {
  const verdicts = [
    { class: "af", state: "withheld" },
    { class: "gone", state: "not_met" },
    { class: "pr", state: "not_met" },
  ];
  const listed = notSuggested(verdicts, { has: (code) => code !== "gone" });
  assert.deepEqual([listed.withheld.length, listed.notMet.map((verdict) => verdict.class)], [1, ["pr"]]);
});
