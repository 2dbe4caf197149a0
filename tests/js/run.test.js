import assert from "node:assert/strict";
import test from "node:test";

import { follow, isFinal, restMs } from "../../static/js/agreement/run.js";
import { Refused, SignedOut, Unreachable } from "../../static/js/api.js";

/** A page, the server's successive answers, and the waiting times. */
function page(answers) {
  const found = { shown: [], rests: [], isHidden: false, nAsked: 0 };
  let due = null;
  const ask = async () => {
    const answer = answers[Math.min(found.nAsked++, answers.length - 1)];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const after = (ms, action) => {
    found.rests.push(ms);
    due = action;
    return () => (due = null);
  };
  found.turn = follow(ask, (status) => found.shown.push(status.text), {
    after,
    isHidden: () => found.isHidden,
  });
  found.wait = async () => {
    const action = due;
    due = null;
    await action?.();
    return action !== null;
  };
  return found;
}

const AT_WORK = { text: "Counting", n_done: 1, n_total: 3, is_over: false };
const DONE = { text: "", is_over: true };

test("polls until the run is finished", async () => {
  const at = page([AT_WORK, { ...AT_WORK, n_done: 2 }, DONE]);
  while (await at.wait());
  assert.deepEqual(at.shown, ["Counting", "Counting", ""]);
  assert.deepEqual(at.rests, [2000, 2000, 2000]);
});

test("polls less and less often while nothing changes", async () => {
  const at = page([AT_WORK]);
  for (let turn = 0; turn < 4; turn++) await at.wait();
  assert.deepEqual(at.rests, [2000, 2000, 3000, 4500, 6750]);
  assert.equal(restMs(29_000, false), 30_000);
  assert.equal(restMs(30_000, true), 2_000);
});

test("a hidden page does not poll, and polls at once when shown again", async () => {
  const at = page([AT_WORK]);
  at.isHidden = true;
  at.turn();
  await at.wait();
  assert.equal(at.nAsked, 0);
  at.isHidden = false;
  at.turn();
  assert.equal(at.nAsked, 1);
});

test("returning to the page during a request does not start a second one", async () => {
  const at = page([AT_WORK]);
  const answered = at.wait();
  at.turn();
  await answered;
  assert.equal(at.nAsked, 1);
});

test("a network failure is retried later", async () => {
  const at = page([new Unreachable("gone"), DONE]);
  while (await at.wait());
  assert.deepEqual(at.shown, [""]);
  assert.deepEqual(at.rests, [2000, 3000]);
});

test("stops polling after signing out", async () => {
  const at = page([new SignedOut("gone")]);
  await at.wait();
  assert.equal(await at.wait(), false);
  assert.equal(at.nAsked, 1);
});

test("stops polling after a refusal", () => {
  assert.equal(isFinal(new Refused(404, {})), true);
  assert.equal(isFinal(new Unreachable("gone")), false);
});
