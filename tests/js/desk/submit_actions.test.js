import assert from "node:assert/strict";
import { test } from "node:test";

import { Catalog } from "../../../static/js/desk/state/catalog.js";
import { PAUSE_MS } from "../../../static/js/desk/state/confirmation.js";
import { SubmitActions } from "../../../static/js/desk/submit_actions.js";
import { FakeClock, FakeDocument, textOf } from "../fakes/desk.js";

const CLASSES = [{ code: "af", group: "rhythm", abbreviation: "AF", name: { en: "AF" } }];
const CONTENT = {
  findings: [{ class: "af", certainty: "definite" }],
  not_assessable: [],
  quality: "good",
  problems: [],
  comment: "",
};

/** A desk with one exam that records its messages; another exam may follow. */
function desk({ isLast = false, isKept = true, content = CONTENT } = {}) {
  const clock = new FakeClock();
  const log = { sent: 0, isReadOnly: false, messages: [], notice: "", link: null };
  const messages = { isFinished: false, say: (sentence) => log.messages.push(sentence) };
  const openExam = {
    id: 7,
    content,
    draft: {},
    assignment: { id: 7, exam: { code: "E7" } },
    circumstances: () => ({}),
  };
  const outbox = {
    add: () => {
      log.sent += 1;
      return isKept;
    },
    hasUnkept: !isKept,
  };
  const submitActions = new SubmitActions({
    clock,
    words: (key) => key,
    catalog: new Catalog(CLASSES, "en"),
    messages,
    outbox,
    form: {
      say: (sentence, { link = null } = {}) => Object.assign(log, { notice: sentence, link }),
      disable: (isDisabled) => (log.isReadOnly = isDisabled),
    },
    queue: { finish: () => {} },
    flow: { proceed: () => (messages.isFinished = isLast) },
    opinion: { isReady: () => true, submission: {}, leave: () => {} },
    display: () => ({}),
    openExam: () => openExam,
    onSubmit: () => {},
  });
  return { log, submitActions, clock };
}

test("after the last exam the form behind the final screen is locked", () => {
  const { log, submitActions } = desk({ isLast: true });
  submitActions.submit();
  assert.deepEqual([log.sent, log.isReadOnly], [1, true]);
});

test("when another exam follows, that exam decides whether the form is locked", () => {
  const { log, submitActions } = desk();
  submitActions.submit();
  assert.deepEqual([log.sent, log.isReadOnly], [1, false]);
});

test("a reading that the device cannot keep is reported, and closing the page asks first", () => {
  let guard = null;
  globalThis.addEventListener = (name, action) => (guard = { name, action });
  const { log, submitActions } = desk({ isKept: false });
  submitActions.submit();
  let isAsking = false;
  guard.action({ preventDefault: () => (isAsking = true) });
  delete globalThis.addEventListener;
  assert.deepEqual([log.messages, guard.name, isAsking], [["reading-not-saved"], "beforeunload", true]);
});

const NOTHING = { ...CONTENT, findings: [] };

/** A desk that has asked whether to abstain, after enough time to read the question. */
async function deskAskingToAbstain() {
  globalThis.document = new FakeDocument();
  const page = desk({ content: NOTHING });
  page.submitActions.abstain();
  await page.clock.advance(PAUSE_MS);
  delete globalThis.document;
  return page;
}

test("abstaining asks, can be canceled, and is confirmed by repeating", async () => {
  const { log, submitActions } = await deskAskingToAbstain();
  assert.deepEqual(
    [log.sent, log.notice, textOf(log.link)],
    [0, "abstain-confirm abstain-again", "cancel Esc"],
  );
  submitActions.abstain();
  assert.equal(log.sent, 1);
  assert.equal(submitActions.cancel(), false);
});

test("a canceled question is asked again", async () => {
  const { log, submitActions } = await deskAskingToAbstain();
  assert.deepEqual([submitActions.cancel(), log.notice, submitActions.cancel()], [true, "", false]);
  globalThis.document = new FakeDocument();
  submitActions.abstain();
  delete globalThis.document;
  assert.deepEqual([log.sent, log.notice], [0, "abstain-confirm abstain-again"]);
});
