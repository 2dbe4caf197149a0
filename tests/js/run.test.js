import assert from "node:assert/strict";
import test from "node:test";

import { follow, isFinal, restMs } from "../../static/js/agreement/run.js";
import { Refused, SignedOut, Unreachable } from "../../static/js/api.js";

/** A page, what the server tells one time after the other, and the time that it waits. */
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
  found.turn = follow(ask, (told) => found.shown.push(told.text), { after, isHidden: () => found.isHidden });
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

test("it asks until the computation is over", async () => {
  const at = page([AT_WORK, { ...AT_WORK, n_done: 2 }, DONE]);
  while (await at.wait());
  assert.deepEqual(at.shown, ["Counting", "Counting", ""]);
  assert.deepEqual(at.rests, [2000, 2000, 2000]);
});

test("it asks less and less often while nothing changes", async () => {
  const at = page([AT_WORK]);
  for (let turn = 0; turn < 4; turn++) await at.wait();
  assert.deepEqual(at.rests, [2000, 2000, 3000, 4500, 6750]);
  assert.equal(restMs(29_000, false), 30_000);
  assert.equal(restMs(30_000, true), 2_000);
});

test("a hidden page asks nothing, and at once when it is looked at again", async () => {
  const at = page([AT_WORK]);
  at.isHidden = true;
  at.turn();
  await at.wait();
  assert.equal(at.nAsked, 0);
  at.isHidden = false;
  at.turn();
  assert.equal(at.nAsked, 1);
});

test("who turns back while an answer is on its way is not answered twice", async () => {
  const at = page([AT_WORK]);
  const answered = at.wait();
  at.turn();
  await answered;
  assert.equal(at.nAsked, 1);
});

test("a network that is gone for a moment is asked again, later", async () => {
  const at = page([new Unreachable("gone"), DONE]);
  while (await at.wait());
  assert.deepEqual(at.shown, [""]);
  assert.deepEqual(at.rests, [2000, 3000]);
});

test("who is signed out asks no more", async () => {
  const at = page([new SignedOut("gone")]);
  await at.wait();
  assert.equal(await at.wait(), false);
  assert.equal(at.nAsked, 1);
});

test("what was refused will be refused again", () => {
  assert.equal(isFinal(new Refused(404, {})), true);
  assert.equal(isFinal(new Unreachable("gone")), false);
});
