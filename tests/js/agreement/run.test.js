import assert from "node:assert/strict";
import test from "node:test";

import { follow, isFinal, restMs } from "../../../static/js/agreement/run.js";
import { Refused, SignedOut, Unreachable } from "../../../static/js/api.js";

/** Follow a run that returns `answers` in turn, on a page that records the texts and waiting times. */
function followRun(answers) {
  const page = { texts: [], pauses: [], isHidden: false, nRequests: 0 };
  let due = null;
  const ask = async () => {
    const answer = answers[Math.min(page.nRequests++, answers.length - 1)];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const after = (ms, action) => {
    page.pauses.push(ms);
    due = action;
    return () => (due = null);
  };
  page.turn = follow(ask, (status) => page.texts.push(status.text), {
    after,
    isHidden: () => page.isHidden,
  });
  page.wait = async () => {
    const action = due;
    due = null;
    await action?.();
    return action !== null;
  };
  return page;
}

const RUNNING = { text: "Counting", n_done: 1, n_total: 3, is_over: false };
const DONE = { text: "", is_over: true };

test("polls until the run is finished", async () => {
  const page = followRun([RUNNING, { ...RUNNING, n_done: 2 }, DONE]);
  while (await page.wait());
  assert.deepEqual(page.texts, ["Counting", "Counting", ""]);
  assert.deepEqual(page.pauses, [2000, 2000, 2000]);
});

test("polls less and less often while nothing changes", async () => {
  const page = followRun([RUNNING]);
  for (let turn = 0; turn < 4; turn++) await page.wait();
  assert.deepEqual(page.pauses, [2000, 2000, 3000, 4500, 6750]);
  assert.equal(restMs(29_000, false), 30_000);
  assert.equal(restMs(30_000, true), 2_000);
});

test("a hidden page does not poll, and polls at once when shown again", async () => {
  const page = followRun([RUNNING]);
  page.isHidden = true;
  page.turn();
  await page.wait();
  assert.equal(page.nRequests, 0);
  page.isHidden = false;
  page.turn();
  assert.equal(page.nRequests, 1);
});

test("returning to the page during a request does not start a second one", async () => {
  const page = followRun([RUNNING]);
  const answered = page.wait();
  page.turn();
  await answered;
  assert.equal(page.nRequests, 1);
});

test("a network failure is retried later", async () => {
  const page = followRun([new Unreachable("gone"), DONE]);
  while (await page.wait());
  assert.deepEqual(page.texts, [""]);
  assert.deepEqual(page.pauses, [2000, 3000]);
});

test("stops polling after signing out", async () => {
  const page = followRun([new SignedOut("gone")]);
  await page.wait();
  assert.equal(await page.wait(), false);
  assert.equal(page.nRequests, 1);
});

test("stops polling after a refusal", () => {
  assert.equal(isFinal(new Refused(404, {})), true);
  assert.equal(isFinal(new Unreachable("gone")), false);
});
