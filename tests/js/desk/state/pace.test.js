import assert from "node:assert/strict";
import { test } from "node:test";

import { SESSION_MS, current, pace, withSubmission } from "../../../../static/js/desk/state/pace.js";

const MINUTE = 60_000;

function submissionsAt(...minutes) {
  return minutes.reduce(
    (list, minute, id) => withSubmission(list, { id, at: minute * MINUTE, activeMs: 40_000 }),
    [],
  );
}

test("there is no pace before the first submission", () => {
  assert.equal(pace(null, 0, 20), null);
});

test("the pace is the mean of the session", () => {
  const list = withSubmission(submissionsAt(0, 1), { id: 9, at: 2 * MINUTE, activeMs: 10_000 });
  assert.deepEqual(pace(list, 2 * MINUTE, 20), { count: 3, seconds: 30, part: "evening" });
});

test("a long pause starts a new session", () => {
  const list = submissionsAt(0, 1, 200);
  assert.equal(list.length, 1);
  assert.deepEqual(current(submissionsAt(0, 1), MINUTE + SESSION_MS + 1), []);
});

test("a correction counts its exam once", () => {
  const list = withSubmission(submissionsAt(0, 1), { id: 1, at: 3 * MINUTE, activeMs: 20_000 });
  assert.equal(pace(list, 3 * MINUTE, 9).count, 2);
});

test("includes the part of the day", () => {
  assert.deepEqual(
    [2, 9, 14, 21].map((hour) => pace(submissionsAt(0), 0, hour).part),
    ["night", "morning", "afternoon", "evening"],
  );
});

test("malformed stored data counts as empty", () => {
  assert.deepEqual(current({ x: 1 }, 0), []);
});

test("an abstention does not count as a reading, even after one", () => {
  const list = withSubmission(null, { id: 1, at: 0, activeMs: 30_000 });
  assert.deepEqual(withSubmission(list, { id: 2, at: 1, activeMs: 5_000, outcome: "abstained" }), list);
  assert.deepEqual(withSubmission(list, { id: 1, at: 1, activeMs: 5_000, outcome: "abstained" }), []);
});
