import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused, SignedOut } from "../../static/js/api.js";
import { Draft } from "../../static/js/desk/storage/draft.js";
import { content, settled, world } from "./fakes/desk.js";

const BLANK = content();

function open(room, server = room.api.drafts.get(1) ?? null) {
  return new Draft({ id: 1, server, blank: BLANK }, room);
}

test("a change is saved when the reader pauses", async () => {
  const room = world();
  const draft = open(room);
  draft.edit(content("af"));
  await room.clock.advance(1000);
  assert.deepEqual([draft.state, room.api.drafts.get(1).content], ["saved", content("af")]);
});

test("quick changes are saved once", async () => {
  const room = world();
  const draft = open(room);
  for (const code of ["a", "b", "c"]) draft.edit(content(code));
  await room.clock.advance(1000);
  assert.equal(room.api.requests, 1);
});

test("a change is kept on the device before anything is sent", () => {
  const room = world();
  open(room).edit(content("af"));
  assert.deepEqual(open(room).content, content("af"));
});

test("what the server has is no longer kept on the device", async () => {
  const room = world();
  open(room).edit(content("af"));
  await room.clock.advance(1000);
  assert.deepEqual(room.shelf.names("draft/"), []);
});

test("another reader of the same computer does not find it", () => {
  const room = world();
  open(room).edit(content("af"));
  assert.equal(room.shelf.names("draft/").length, 1);
  assert.equal(room.shelf.read("draft/1").content.findings.length, 1);
  const bruno = world();
  assert.equal(bruno.shelf.read("draft/1"), null);
});

test("without a network the draft waits, then goes", async () => {
  const room = world();
  const draft = open(room);
  room.api.isDown = true;
  draft.edit(content("af"));
  await room.clock.advance(1000);
  assert.equal(draft.state, "offline");
  room.api.isDown = false;
  await room.clock.advance(60_000);
  assert.equal(draft.state, "saved");
});

test("coming back online does not wait for the next try", async () => {
  const room = world();
  const draft = open(room);
  room.api.isDown = true;
  draft.edit(content("af"));
  await room.clock.advance(1000);
  room.api.isDown = false;
  draft.retry();
  await room.clock.advance(0);
  assert.equal(draft.state, "saved");
});

test("a lost answer is no conflict", async () => {
  const room = world();
  const draft = open(room);
  room.api.losesAnswers = true;
  draft.edit(content("af"));
  await room.clock.advance(1000);
  room.api.losesAnswers = false;
  await room.clock.advance(60_000);
  assert.deepEqual([draft.state, draft.basis.version], ["saved", 1]);
});

test("a lost answer is no conflict even when the reader went on", async () => {
  const room = world();
  const draft = open(room);
  room.api.losesAnswers = true;
  draft.edit(content("af"));
  await room.clock.advance(1000);
  room.api.losesAnswers = false;
  draft.edit(content("af", "rbbb"));
  await room.clock.advance(60_000);
  assert.deepEqual(
    [draft.state, room.api.drafts.get(1)],
    ["saved", { version: 2, content: content("af", "rbbb") }],
  );
});

test("a lost answer is no conflict after a reload either", async () => {
  const room = world();
  room.api.losesAnswers = true;
  open(room).edit(content("af"));
  await room.clock.advance(1000);
  room.api.losesAnswers = false;
  const draft = open(room);
  await room.clock.advance(60_000);
  assert.equal(draft.state, "saved");
});

test("another device's draft is not overwritten", async () => {
  const room = world();
  const draft = open(room);
  room.api.drafts.set(1, { version: 1, content: content("afl") });
  draft.edit(content("af"));
  await room.clock.advance(1000);
  assert.deepEqual([draft.state, room.api.drafts.get(1).content], ["changed-elsewhere", content("afl")]);
});

test("keeping mine overwrites the other", async () => {
  const room = world();
  const draft = open(room);
  room.api.drafts.set(1, { version: 1, content: content("afl") });
  draft.edit(content("af"));
  await room.clock.advance(1000);
  draft.resolve("mine");
  await room.clock.advance(1000);
  assert.deepEqual([draft.state, room.api.drafts.get(1)], ["saved", { version: 2, content: content("af") }]);
});

test("taking the other leaves the server as it is", async () => {
  const room = world();
  const draft = open(room);
  room.api.drafts.set(1, { version: 1, content: content("afl") });
  draft.edit(content("af"));
  await room.clock.advance(1000);
  draft.resolve("theirs");
  await room.clock.advance(1000);
  assert.deepEqual([draft.content, room.api.drafts.get(1).version], [content("afl"), 1]);
});

test("unsaved work meeting another device's draft asks on the next visit", async () => {
  const room = world();
  room.api.isDown = true;
  open(room).edit(content("af"));
  await room.clock.advance(1000);
  room.api.drafts.set(1, { version: 1, content: content("afl") });
  const draft = open(room);
  assert.deepEqual(
    [draft.state, draft.content, draft.other.content],
    ["changed-elsewhere", content("af"), content("afl")],
  );
});

test("a closed batch is said, not retried", async () => {
  const room = world();
  room.api.saveDraft = async () => {
    throw new Refused(409, { type: "/problems/batch-closed", detail: "closed" });
  };
  const draft = open(room);
  draft.edit(content("af"));
  await room.clock.advance(1000);
  assert.deepEqual([draft.state, draft.problem.detail], ["closed", "closed"]);
});

test("an ended session keeps the work", async () => {
  const room = world();
  room.api.saveDraft = async () => {
    throw new SignedOut();
  };
  const draft = open(room);
  draft.edit(content("af"));
  await room.clock.advance(1000);
  assert.deepEqual([draft.state, room.shelf.names("draft/").length], ["signed-out", 1]);
});

test("settling waits for a save that is on its way", async () => {
  const room = world();
  const draft = open(room);
  let answer;
  room.api.saveDraft = () => new Promise((resolve) => (answer = resolve));
  draft.edit(content("af"));
  await room.clock.advance(1000);
  const basis = draft.settle();
  answer({ version: 1 });
  assert.equal((await basis).version, 1);
  await settled();
});

test("a draft handed over with its reading is not saved when the network comes back", async () => {
  const room = world();
  room.api.isDown = true;
  const draft = open(room);
  draft.edit(content("af"));
  await draft.settle();
  room.api.isDown = false;
  draft.retry();
  await room.clock.advance(60_000);
  assert.equal(room.api.requests, 0);
});

test("a draft that the server no longer has is saved anew", async () => {
  const room = world();
  room.api.drafts.set(1, { version: 3, content: content("afl") });
  const draft = open(room);
  const { saveDraft } = room.api;
  room.api.drafts.delete(1);
  room.api.saveDraft = async (id, sent) => {
    if (sent.based_on > 0) throw new Refused(409, { type: "/problems/stale-draft", draft: null });
    return saveDraft(id, sent);
  };
  draft.edit(content("af"));
  await room.clock.advance(3000);
  assert.deepEqual([draft.state, room.api.drafts.get(1).content], ["saved", content("af")]);
});

test("a page that was made before the last save is known to be behind", async () => {
  const room = world();
  open(room).edit(content("af"));
  await room.clock.advance(1000);
  assert.equal(Draft.isBehind(room.shelf, { id: 1, draft: null }), true);
});

test("a page that has the last save is not behind", async () => {
  const room = world();
  open(room).edit(content("af"));
  await room.clock.advance(1000);
  assert.equal(Draft.isBehind(room.shelf, { id: 1, draft: room.api.drafts.get(1) }), false);
});

test("a reading that was submitted leaves nothing on the device", async () => {
  const room = world();
  const draft = open(room);
  draft.edit(content("af"));
  await room.clock.advance(1000);
  draft.forget();
  assert.deepEqual(room.shelf.names(""), []);
});

test("a correction is kept on this device and sent nowhere", async () => {
  const room = world();
  const draft = new Draft(
    { id: 1, server: null, blank: content("af"), of: "reading-1" },
    { ...room, api: null },
  );
  draft.edit(content("af", "rbbb"));
  await room.clock.advance(60_000);
  assert.deepEqual([draft.state, room.api.requests], ["kept-here", 0]);
  assert.ok(Draft.isCorrecting(room.shelf, { id: 1, of: "reading-1" }));
});

test("a correction survives a reload", () => {
  const room = world();
  new Draft({ id: 1, server: null, blank: content("af"), of: "reading-1" }, { ...room, api: null }).edit(
    content("rbbb"),
  );
  const again = new Draft(
    { id: 1, server: null, blank: content("af"), of: "reading-1" },
    { ...room, api: null },
  );
  assert.deepEqual([again.content, again.state], [content("rbbb"), "kept-here"]);
});

test("a correction of a reading that was replaced is none of the new one", () => {
  const room = world();
  new Draft({ id: 1, server: null, blank: content("af"), of: "reading-1" }, { ...room, api: null }).edit(
    content("rbbb"),
  );
  assert.ok(!Draft.isCorrecting(room.shelf, { id: 1, of: "reading-2" }));
});

test("what is said besides the findings makes another draft", async () => {
  const room = world();
  room.api.drafts.set(1, { version: 1, content: { ...content("af"), not_assessable: ["rbbb"] } });
  const draft = new Draft({ id: 1, server: null, blank: content() }, room);
  draft.edit(content("af"));
  await room.clock.advance(1000);
  assert.equal(draft.state, "changed-elsewhere");
});

/** A world whose failures nobody foresaw are kept, where a page would tell them in its console. */
function worldOfFailures() {
  const room = world();
  const failures = [];
  const clock = {
    ...room.clock,
    after: (ms, action) =>
      room.clock.after(ms, () => action().catch((error) => failures.push(error.message))),
  };
  return { room, clock, failures };
}

test("a save that fails as nobody foresaw does not end all saving", async () => {
  const { room, clock, failures } = worldOfFailures();
  const { saveDraft } = room.api;
  const draft = open({ ...room, clock });
  room.api.saveDraft = async () => {
    throw new TypeError("unforeseen");
  };
  draft.edit(content("af"));
  await room.clock.advance(1000);
  room.api.saveDraft = saveDraft;
  draft.edit(content("af", "rbbb"));
  await room.clock.advance(1000);
  assert.deepEqual([draft.state, failures], ["saved", ["unforeseen"]]);
});

test("a save that fails as nobody foresaw does not hold the reading back", async () => {
  const { room, clock, failures } = worldOfFailures();
  const draft = open({ ...room, clock });
  let fail;
  room.api.saveDraft = () => new Promise((_, reject) => (fail = reject));
  draft.edit(content("af"));
  await room.clock.advance(1000);
  const basis = draft.settle();
  fail(new TypeError("unforeseen"));
  assert.deepEqual([(await basis).version, failures], [0, ["unforeseen"]]);
});
