import assert from "node:assert/strict";
import { test } from "node:test";

import { Catalogue } from "../../static/js/desk/state/catalogue.js";
import { PAUSE_MS } from "../../static/js/desk/state/confirmation.js";
import { Leaving } from "../../static/js/desk/submit_actions.js";
import { FakeClock, FakeDocument, textOf } from "./fakes/desk.js";

const CLASSES = [{ code: "af", group: "rhythm", abbreviation: "AF", name: { en: "AF" } }];
const CONTENT = {
  findings: [{ class: "af", certainty: "definite" }],
  not_assessable: [],
  quality: "good",
  problems: [],
  comment: "",
};

/** A desk of one exam: what it was told, and whether another exam follows. */
function desk({ isLast = false, isKept = true, content = CONTENT } = {}) {
  const clock = new FakeClock();
  const told = { sent: 0, isShut: false, said: [], notice: "", link: null };
  const messages = { isFinished: false, say: (sentence) => told.said.push(sentence) };
  const sitting = {
    id: 7,
    content,
    draft: {},
    assignment: { id: 7, exam: { code: "E7" } },
    circumstances: () => ({}),
  };
  const outbox = {
    add: () => {
      told.sent += 1;
      return isKept;
    },
    hasUnkept: !isKept,
  };
  const leaving = new Leaving({
    clock,
    words: (key) => key,
    catalogue: new Catalogue(CLASSES, "en"),
    messages,
    outbox,
    form: {
      say: (sentence, { link = null } = {}) => Object.assign(told, { notice: sentence, link }),
      disable: (isDisabled) => (told.isShut = isDisabled),
    },
    queue: { finish: () => {} },
    flow: { proceed: () => (messages.isFinished = isLast) },
    opinion: { isReady: () => true, said: {}, leave: () => {} },
    display: () => ({}),
    sitting: () => sitting,
    onSubmit: () => {},
  });
  return { told, leaving, clock };
}

test("after the last exam the form behind the farewell is shut", () => {
  const { told, leaving } = desk({ isLast: true });
  leaving.submit();
  assert.deepEqual([told.sent, told.isShut], [1, true]);
});

test("where another exam follows, it is for that exam to say whether the form is shut", () => {
  const { told, leaving } = desk();
  leaving.submit();
  assert.deepEqual([told.sent, told.isShut], [1, false]);
});

test("a reading that the device cannot keep is told, and asked about before the page is closed", () => {
  let guard = null;
  globalThis.addEventListener = (name, action) => (guard = { name, action });
  const { told, leaving } = desk({ isKept: false });
  leaving.submit();
  let isAsking = false;
  guard.action({ preventDefault: () => (isAsking = true) });
  delete globalThis.addEventListener;
  assert.deepEqual([told.said, guard.name, isAsking], [["reading-unkept"], "beforeunload", true]);
});

const NOTHING = { ...CONTENT, findings: [] };

/** Ana is asked whether she abstains, and has read the question. */
async function askedToAbstain() {
  globalThis.document = new FakeDocument();
  const asked = desk({ content: NOTHING });
  asked.leaving.abstain();
  await asked.clock.advance(PAUSE_MS);
  delete globalThis.document;
  return asked;
}

test("to abstain is asked, with a way to cancel, and abstaining again says yes", async () => {
  const { told, leaving } = await askedToAbstain();
  assert.deepEqual(
    [told.sent, told.notice, textOf(told.link)],
    [0, "abstain-confirm abstain-again", "cancel Esc"],
  );
  leaving.abstain();
  assert.equal(told.sent, 1);
  assert.equal(leaving.cancel(), false);
});

test("a question that was cancelled is asked anew", async () => {
  const { told, leaving } = await askedToAbstain();
  assert.deepEqual([leaving.cancel(), told.notice, leaving.cancel()], [true, "", false]);
  globalThis.document = new FakeDocument();
  leaving.abstain();
  delete globalThis.document;
  assert.deepEqual([told.sent, told.notice], [0, "abstain-confirm abstain-again"]);
});
