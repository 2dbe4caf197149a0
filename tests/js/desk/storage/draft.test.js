import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused, SignedOut } from "../../../../static/js/api.js";
import { Draft } from "../../../../static/js/desk/storage/draft.js";
import { content, fakeDeps, settled } from "../../fakes/desk.js";

const BLANK = content();

function open(deps, server = deps.api.drafts.get(1) ?? null) {
  return new Draft({ id: 1, server, blank: BLANK }, deps);
}

test("a change is saved when the reader pauses", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  assert.deepEqual([draft.state, deps.api.drafts.get(1).content], ["saved", content("af")]);
});

test("quick changes are saved once", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  for (const code of ["a", "b", "c"]) draft.edit(content(code));
  await deps.clock.advance(1000);
  assert.equal(deps.api.requests, 1);
});

test("a change is kept on the device before anything is sent", () => {
  const deps = fakeDeps();
  open(deps).edit(content("af"));
  assert.deepEqual(open(deps).content, content("af"));
});

test("a saved draft is removed from the device", async () => {
  const deps = fakeDeps();
  open(deps).edit(content("af"));
  await deps.clock.advance(1000);
  assert.deepEqual(deps.store.names("draft/"), []);
});

test("another reader of the same computer does not see the draft", () => {
  const deps = fakeDeps();
  open(deps).edit(content("af"));
  assert.equal(deps.store.names("draft/").length, 1);
  assert.equal(deps.store.read("draft/1").content.findings.length, 1);
  const bruno = fakeDeps();
  assert.equal(bruno.store.read("draft/1"), null);
});

test("without a network the draft waits and is then saved", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  deps.api.isDown = true;
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  assert.equal(draft.state, "offline");
  deps.api.isDown = false;
  await deps.clock.advance(60_000);
  assert.equal(draft.state, "saved");
});

test("coming back online saves at once", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  deps.api.isDown = true;
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  deps.api.isDown = false;
  draft.retry();
  await deps.clock.advance(0);
  assert.equal(draft.state, "saved");
});

test("a lost answer is not a conflict", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  deps.api.losesAnswers = true;
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  deps.api.losesAnswers = false;
  await deps.clock.advance(60_000);
  assert.deepEqual([draft.state, draft.basis.version], ["saved", 1]);
});

test("a lost answer is not a conflict even when the reader continued", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  deps.api.losesAnswers = true;
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  deps.api.losesAnswers = false;
  draft.edit(content("af", "rbbb"));
  await deps.clock.advance(60_000);
  assert.deepEqual(
    [draft.state, deps.api.drafts.get(1)],
    ["saved", { version: 2, content: content("af", "rbbb") }],
  );
});

test("a lost answer is not a conflict after a reload", async () => {
  const deps = fakeDeps();
  deps.api.losesAnswers = true;
  open(deps).edit(content("af"));
  await deps.clock.advance(1000);
  deps.api.losesAnswers = false;
  const draft = open(deps);
  await deps.clock.advance(60_000);
  assert.equal(draft.state, "saved");
});

test("another device's draft is not overwritten", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  deps.api.drafts.set(1, { version: 1, content: content("afl") });
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  assert.deepEqual([draft.state, deps.api.drafts.get(1).content], ["changed-elsewhere", content("afl")]);
});

test("keeping mine overwrites the other", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  deps.api.drafts.set(1, { version: 1, content: content("afl") });
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  draft.resolve("mine");
  await deps.clock.advance(1000);
  assert.deepEqual([draft.state, deps.api.drafts.get(1)], ["saved", { version: 2, content: content("af") }]);
});

test("keeping theirs leaves the server unchanged", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  deps.api.drafts.set(1, { version: 1, content: content("afl") });
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  draft.resolve("theirs");
  await deps.clock.advance(1000);
  assert.deepEqual([draft.content, deps.api.drafts.get(1).version], [content("afl"), 1]);
});

test("unsaved work that conflicts with another device's draft asks on the next visit", async () => {
  const deps = fakeDeps();
  deps.api.isDown = true;
  open(deps).edit(content("af"));
  await deps.clock.advance(1000);
  deps.api.drafts.set(1, { version: 1, content: content("afl") });
  const draft = open(deps);
  assert.deepEqual(
    [draft.state, draft.content, draft.other.content],
    ["changed-elsewhere", content("af"), content("afl")],
  );
});

test("a closed batch is reported, not retried", async () => {
  const deps = fakeDeps();
  deps.api.saveDraft = async () => {
    throw new Refused(409, { type: "/problems/batch-closed", detail: "closed" });
  };
  const draft = open(deps);
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  assert.deepEqual([draft.state, draft.problem.detail], ["closed", "closed"]);
});

test("an ended session keeps the work", async () => {
  const deps = fakeDeps();
  deps.api.saveDraft = async () => {
    throw new SignedOut();
  };
  const draft = open(deps);
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  assert.deepEqual([draft.state, deps.store.names("draft/").length], ["signed-out", 1]);
});

test("stopping waits for a save in flight", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  let answer;
  deps.api.saveDraft = () => new Promise((resolve) => (answer = resolve));
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  const basis = draft.stopSaving();
  answer({ version: 1 });
  assert.equal((await basis).version, 1);
  await settled();
});

test("a draft handed over with its reading is not saved when the network comes back", async () => {
  const deps = fakeDeps();
  deps.api.isDown = true;
  const draft = open(deps);
  draft.edit(content("af"));
  await draft.stopSaving();
  deps.api.isDown = false;
  draft.retry();
  await deps.clock.advance(60_000);
  assert.equal(deps.api.requests, 0);
});

test("a draft that the server no longer has is saved again", async () => {
  const deps = fakeDeps();
  deps.api.drafts.set(1, { version: 3, content: content("afl") });
  const draft = open(deps);
  const { saveDraft } = deps.api;
  deps.api.drafts.delete(1);
  deps.api.saveDraft = async (id, sent) => {
    if (sent.based_on > 0) throw new Refused(409, { type: "/problems/stale-draft", draft: null });
    return saveDraft(id, sent);
  };
  draft.edit(content("af"));
  await deps.clock.advance(3000);
  assert.deepEqual([draft.state, deps.api.drafts.get(1).content], ["saved", content("af")]);
});

test("a page rendered before the last save is recognized as outdated", async () => {
  const deps = fakeDeps();
  open(deps).edit(content("af"));
  await deps.clock.advance(1000);
  assert.equal(Draft.isBehind(deps.store, { id: 1, draft: null }), true);
});

test("a page that has the last save is not outdated", async () => {
  const deps = fakeDeps();
  open(deps).edit(content("af"));
  await deps.clock.advance(1000);
  assert.equal(Draft.isBehind(deps.store, { id: 1, draft: deps.api.drafts.get(1) }), false);
});

test("a submitted reading leaves nothing on the device", async () => {
  const deps = fakeDeps();
  const draft = open(deps);
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  draft.forget();
  assert.deepEqual(deps.store.names(""), []);
});

test("a correction is kept on this device only", async () => {
  const deps = fakeDeps();
  const draft = new Draft(
    { id: 1, server: null, blank: content("af"), of: "reading-1" },
    { ...deps, api: null },
  );
  draft.edit(content("af", "rbbb"));
  await deps.clock.advance(60_000);
  assert.deepEqual([draft.state, deps.api.requests], ["kept-here", 0]);
  assert.ok(Draft.isCorrecting(deps.store, { id: 1, of: "reading-1" }));
});

test("a correction survives a reload", () => {
  const deps = fakeDeps();
  new Draft({ id: 1, server: null, blank: content("af"), of: "reading-1" }, { ...deps, api: null }).edit(
    content("rbbb"),
  );
  const again = new Draft(
    { id: 1, server: null, blank: content("af"), of: "reading-1" },
    { ...deps, api: null },
  );
  assert.deepEqual([again.content, again.state], [content("rbbb"), "kept-here"]);
});

test("a correction of a replaced reading does not apply to the new one", () => {
  const deps = fakeDeps();
  new Draft({ id: 1, server: null, blank: content("af"), of: "reading-1" }, { ...deps, api: null }).edit(
    content("rbbb"),
  );
  assert.ok(!Draft.isCorrecting(deps.store, { id: 1, of: "reading-2" }));
});

test("drafts that differ outside the findings are different", async () => {
  const deps = fakeDeps();
  deps.api.drafts.set(1, { version: 1, content: { ...content("af"), not_assessable: ["rbbb"] } });
  const draft = new Draft({ id: 1, server: null, blank: content() }, deps);
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  assert.equal(draft.state, "changed-elsewhere");
});

/** Dependencies that collect unexpected errors, which a page would log to its console. */
function depsWithFailures() {
  const deps = fakeDeps();
  const failures = [];
  const clock = {
    ...deps.clock,
    after: (ms, action) =>
      deps.clock.after(ms, () => action().catch((error) => failures.push(error.message))),
  };
  return { deps, clock, failures };
}

test("an unexpected save error does not stop later saves", async () => {
  const { deps, clock, failures } = depsWithFailures();
  const { saveDraft } = deps.api;
  const draft = open({ ...deps, clock });
  deps.api.saveDraft = async () => {
    throw new TypeError("unforeseen");
  };
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  deps.api.saveDraft = saveDraft;
  draft.edit(content("af", "rbbb"));
  await deps.clock.advance(1000);
  assert.deepEqual([draft.state, failures], ["saved", ["unforeseen"]]);
});

test("an unexpected save error does not hold the reading back", async () => {
  const { deps, clock, failures } = depsWithFailures();
  const draft = open({ ...deps, clock });
  let fail;
  deps.api.saveDraft = () => new Promise((_, reject) => (fail = reject));
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  const basis = draft.stopSaving();
  fail(new TypeError("unforeseen"));
  assert.deepEqual([(await basis).version, failures], [0, ["unforeseen"]]);
});
