import assert from "node:assert/strict";
import { test } from "node:test";

import { Correction } from "../../../static/js/desk/correction.js";
import { Draft } from "../../../static/js/desk/storage/draft.js";
import { content, fakeDeps } from "../fakes/desk.js";

const SENT = { id: 7, reading: { id: "key-1", outcome: "read" }, undo_until: "2026-06-01T12:00:00Z" };

/** A desk whose reader is correcting a submission, and its parts by name. */
function correcting({ outcome = "read" } = {}) {
  const { store, clock } = fakeDeps();
  const parts = { "correction-banner": { hidden: true }, "correction-text": { textContent: "" } };
  const root = { querySelector: (selector) => parts[selector.match(/"(.+)"/)[1]] };
  const draft = new Draft(
    { id: 7, server: null, blank: content("af"), of: "key-1" },
    { store, clock, api: null, onChange: () => {} },
  );
  draft.edit(content("af", "lbbb"));
  return {
    correction: new Correction(root, { store, words: (key) => key }),
    draft,
    parts,
    sent: { ...SENT, reading: { id: "key-1", outcome } },
  };
}

test("a correction survives a reload, but not its deadline", () => {
  const { correction, sent } = correcting();
  assert.equal(correction.begins(sent), true);
  assert.equal(correction.begins({ ...sent, undo_until: null }), false);
});

test("a discarded correction does not come back", () => {
  const { correction, draft, sent } = correcting();
  correction.forget({ id: 7, draft });
  assert.equal(correction.begins(sent), false);
});

for (const [outcome, text] of [
  ["read", "retracting"],
  ["abstained", "retracting-abstention"],
]) {
  test(`the banner says what remains in effect until the correction is submitted (${outcome})`, () => {
    const { correction, parts, sent } = correcting({ outcome });
    correction.show({ assignment: sent, isCorrecting: true });
    assert.deepEqual(
      [parts["correction-banner"].hidden, parts["correction-text"].textContent],
      [false, text],
    );
    correction.show({ assignment: sent, isCorrecting: false });
    assert.equal(parts["correction-banner"].hidden, true);
  });
}
