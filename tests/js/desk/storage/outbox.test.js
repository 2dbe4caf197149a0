import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused, SignedOut, Unreachable } from "../../../../static/js/api.js";
import { Draft } from "../../../../static/js/desk/storage/draft.js";
import { Outbox } from "../../../../static/js/desk/storage/outbox.js";
import { ReaderStore } from "../../../../static/js/desk/storage/reader_store.js";
import { FakeStorage, content, fakeDeps, settled } from "../../fakes/desk.js";

function draftOf(deps, id = 1) {
  return new Draft(
    { id, server: deps.api.drafts.get(id) ?? null, blank: content() },
    { ...deps, onChange: () => {} },
  );
}

function types(deps) {
  return deps.events.map(({ type }) => type);
}

test("a reading is sent and forgotten", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  outbox.add(1, content("af"), draftOf(deps));
  await settled();
  assert.deepEqual([types(deps), outbox.entries], [["accepted", "sent"], []]);
});

test("a reading waits for the network and is sent once", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  deps.api.isDown = true;
  outbox.add(1, content("af"), draftOf(deps));
  await settled();
  assert.equal(outbox.entries.length, 1);
  deps.api.isDown = false;
  await deps.clock.advance(60_000);
  assert.deepEqual([deps.api.readings.size, outbox.entries.length], [1, 0]);
});

/** A backup whose copies are committed when `commit` is called. */
function slowBackup() {
  let commit = () => {};
  const committed = new Promise((resolve) => {
    commit = resolve;
  });
  return { put: () => committed, remove: () => {}, entries: async () => [], commit };
}

test("readings are reported as waiting when they would survive a killed browser", async () => {
  const backup = slowBackup();
  const deps = fakeDeps({ store: new ReaderStore(new FakeStorage(), "ana", backup) });
  deps.api.isDown = true;
  new Outbox(deps).add(1, content("af"), draftOf(deps));
  await settled();
  const before = types(deps);
  backup.commit();
  await settled();
  assert.deepEqual([before, types(deps)], [[], ["waiting"]]);
});

test("a backup that never commits does not delay sending", async () => {
  const deps = fakeDeps({ store: new ReaderStore(new FakeStorage(), "ana", slowBackup()) });
  const outbox = new Outbox(deps);
  deps.api.isDown = true;
  outbox.add(1, content("af"), draftOf(deps));
  await deps.clock.advance(1000);
  deps.api.isDown = false;
  await deps.clock.advance(60_000);
  assert.deepEqual([types(deps), deps.api.readings.size], [["waiting", "accepted", "sent"], 1]);
});

test("a lost answer does not create a second reading", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  deps.api.losesAnswers = true;
  outbox.add(1, content("af"), draftOf(deps));
  await settled();
  deps.api.losesAnswers = false;
  await deps.clock.advance(60_000);
  assert.deepEqual([types(deps), deps.api.readings.get(1).key], [["waiting", "accepted", "sent"], "key-1"]);
});

test("a reading survives a reload", async () => {
  const deps = fakeDeps();
  deps.api.isDown = true;
  new Outbox(deps).add(1, content("af"), draftOf(deps));
  await settled();
  deps.api.isDown = false;
  await new Outbox(deps).drain();
  assert.equal(deps.api.readings.size, 1);
});

test("fifty readings of an hour offline arrive in order, each once", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  deps.api.isDown = true;
  for (let id = 1; id <= 50; id += 1) {
    outbox.add(id, content("af"), draftOf(deps, id));
    await deps.clock.advance(1000);
  }
  deps.api.isDown = false;
  await deps.clock.advance(60_000);
  assert.deepEqual(
    [...deps.api.readings.keys()],
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
});

test("a reading waits for a draft save in flight", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  const draft = draftOf(deps);
  const { saveDraft } = deps.api;
  let release;
  deps.api.saveDraft = async (...sent) => {
    await new Promise((resolve) => (release = resolve));
    return saveDraft(...sent);
  };
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  outbox.add(1, content("af"), draft);
  release();
  await settled();
  assert.deepEqual([types(deps), deps.api.readings.get(1).reading.based_on], [["accepted", "sent"], 1]);
});

test("a draft save whose answer was lost is still our own", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  const draft = draftOf(deps);
  deps.api.losesAnswers = true;
  draft.edit(content("af"));
  await deps.clock.advance(1000);
  outbox.add(1, content("af", "rbbb"), draft);
  await settled();
  deps.api.losesAnswers = false;
  await deps.clock.advance(60_000);
  assert.equal(deps.api.readings.get(1).reading.findings.length, 2);
});

test("a draft from another device stops the reading and is reported", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  const draft = draftOf(deps);
  deps.api.drafts.set(1, { version: 1, content: content("afl") });
  outbox.add(1, content("af"), draft);
  await settled();
  assert.deepEqual([deps.events[0].kind, deps.api.readings.size], ["stale-draft", 0]);
});

test("a refused reading does not hold up the others", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  const { submitReading } = deps.api;
  deps.api.submitReading = async (id, ...rest) => {
    if (id === 1) throw new Refused(400, { title: "Findings: unknown class." });
    return submitReading(id, ...rest);
  };
  outbox.add(1, content("af"), draftOf(deps, 1));
  outbox.add(2, content("af"), draftOf(deps, 2));
  await settled();
  assert.deepEqual(types(deps), ["refused", "accepted", "sent"]);
});

test("an ended session keeps the readings", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  deps.api.submitReading = async () => {
    throw new SignedOut();
  };
  outbox.add(1, content("af"), draftOf(deps));
  await settled();
  assert.deepEqual([deps.events[0].why, outbox.entries.length], ["signed-out", 1]);
});

test("knows which assignments are being sent", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  deps.api.isDown = true;
  outbox.add(7, content("af"), draftOf(deps, 7));
  await settled();
  assert.deepEqual([outbox.holds("7"), outbox.holds(8)], [true, false]);
});

test("a correction is sent after the reading it corrects", async () => {
  const deps = fakeDeps();
  const outbox = new Outbox(deps);
  const sent = [];
  deps.api.submitReading = async (id, reading) => {
    if (deps.api.isDown) throw new Unreachable("no connection");
    sent.push(reading.supersedes ?? "first");
    return { id, next: null };
  };
  deps.api.isDown = true;
  outbox.add(1, content("af"), draftOf(deps));
  await deps.clock.advance(10);
  outbox.add(1, { ...content("rbbb"), supersedes: "key-1" }, draftOf(deps));
  deps.api.isDown = false;
  await deps.clock.advance(60_000);
  assert.deepEqual(sent, ["first", "key-1"]);
});

test("a correction that came too late is removed; one refused for its content stays", async () => {
  const kept = async (kind) => {
    const deps = fakeDeps();
    deps.store.write("correction/1/key-1", {});
    deps.api.submitReading = async () => {
      throw new Refused(409, { type: `/problems/${kind}` });
    };
    new Outbox(deps).add(1, { ...content("rbbb"), supersedes: "key-1" }, draftOf(deps));
    await settled();
    assert.equal(deps.events[0].type, "refused");
    return deps.store.names("correction/").length;
  };
  const problems = ["reading-final", "not-the-latest", "batch-closed", "withdrawn", "invalid"];
  assert.deepEqual(await Promise.all(problems.map(kept)), [0, 0, 0, 1, 1]);
});

test("two windows send each entry once", async () => {
  const deps = fakeDeps();
  let turn = Promise.resolve();
  const alone = (action) => (turn = turn.then(action));
  deps.api.isDown = true;
  new Outbox(deps).add(1, content("af"), draftOf(deps));
  await settled();
  deps.api.isDown = false;
  const before = deps.api.requests;
  await Promise.all([new Outbox({ ...deps, alone }).drain(), new Outbox({ ...deps, alone }).drain()]);
  assert.deepEqual([deps.api.requests - before, deps.api.readings.size], [1, 1]);
});

test("a reading that conflicts with another device's draft is kept as a draft", async () => {
  const deps = fakeDeps();
  const draft = draftOf(deps);
  deps.api.drafts.set(1, { version: 1, content: content("afl") });
  new Outbox(deps).add(1, { ...content("af"), active_ms: 5 }, draft);
  await settled();
  const again = draftOf(deps);
  assert.deepEqual(
    [again.state, again.content.findings[0].class, again.other.content],
    ["changed-elsewhere", "af", content("afl")],
  );
});

test("an accepted reading leaves nothing on the device", async () => {
  const deps = fakeDeps();
  for (const name of ["draft/1", "saved/1", "correction/1/key-0", "draft/10"]) deps.store.write(name, {});
  new Outbox(deps).add(1, content("af"), {
    stopSaving: async () => null,
    basis: { version: 0, unanswered: [] },
  });
  await settled();
  assert.deepEqual(
    ["draft/", "saved/", "correction/", "outbox/"].flatMap((name) => deps.store.names(name)),
    ["draft/10"],
  );
});

test("a revision has its own endpoint and no basis", async () => {
  const deps = fakeDeps();
  const sent = [];
  const api = {
    ...deps.api,
    submitRevision: async (...request) => {
      sent.push(request);
      return { next: null };
    },
  };
  const outbox = new Outbox({ ...deps, api });
  outbox.add(1, { ...content("af"), reason: "slip" }, draftOf(deps), "", "revision");
  await settled();
  const [[id, revision, key]] = sent;
  assert.deepEqual([id, "based_on" in revision, key, deps.api.readings.size], [1, false, "key-1", 0]);
});

test("a revision waits for the network like a reading", async () => {
  const deps = fakeDeps();
  let isDown = true;
  const submitRevision = async () => {
    if (isDown) throw new Unreachable("down");
    return { next: null };
  };
  const outbox = new Outbox({ ...deps, api: { ...deps.api, submitRevision } });
  outbox.add(1, { ...content("af"), reason: "slip" }, draftOf(deps), "", "revision");
  await settled();
  assert.equal(outbox.entries[0].kind, "revision");
  isDown = false;
  await deps.clock.advance(60_000);
  assert.deepEqual(types(deps), ["waiting", "accepted", "sent"]);
});

test("an unexpected answer does not stop later sending", async () => {
  const deps = fakeDeps();
  const { submitReading } = deps.api;
  const entry = {
    key: "key-0",
    kind: "reading",
    assignment: 1,
    reading: content("af"),
    basis: { version: 0, unanswered: [] },
    at: 0,
  };
  deps.store.write("outbox/key-0", entry);
  const outbox = new Outbox(deps);
  deps.api.submitReading = async () => {
    throw new TypeError("unforeseen");
  };
  await assert.rejects(outbox.drain(), { message: "unforeseen" });
  deps.api.submitReading = submitReading;
  await outbox.drain();
  assert.deepEqual([deps.api.readings.size, outbox.entries], [1, []]);
});

/** Dependencies of a device that has no storage space left. */
function depsWithoutSpace() {
  const storage = new FakeStorage();
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  return fakeDeps({ store: new ReaderStore(storage, "ana") });
}

test("a reading that the device has no space for is sent after the one in flight", async () => {
  const deps = depsWithoutSpace();
  const outbox = new Outbox(deps);
  const kept = [
    outbox.add(1, content("af"), draftOf(deps, 1)),
    outbox.add(2, content("af"), draftOf(deps, 2)),
  ];
  await settled();
  assert.deepEqual(
    [kept, [...deps.api.readings.keys()]],
    [
      [false, false],
      [1, 2],
    ],
  );
});

test("a reading that the device has no space for waits for the network too", async () => {
  const deps = depsWithoutSpace();
  const outbox = new Outbox(deps);
  deps.api.isDown = true;
  outbox.add(7, content("af"), draftOf(deps, 7));
  await settled();
  assert.deepEqual([outbox.holds(7), outbox.hasUnkept, deps.events[0].count], [true, true, 1]);
  deps.api.isDown = false;
  await deps.clock.advance(60_000);
  assert.deepEqual([deps.api.readings.size, outbox.hasUnkept, outbox.entries], [1, false, []]);
});

test("a reading is kept once space becomes available", async () => {
  const deps = depsWithoutSpace();
  const storage = fakeDeps().store;
  const store = Object.fromEntries(
    ["read", "names", "remove", "backedUp"].map((action) => [action, (...args) => storage[action](...args)]),
  );
  store.write = (...args) => (deps.hasSpace ? storage.write(...args) : false);
  const outbox = new Outbox({ ...deps, store });
  deps.api.isDown = true;
  outbox.add(7, content("af"), draftOf(deps, 7));
  deps.hasSpace = true;
  await settled();
  assert.deepEqual([outbox.hasUnkept, storage.names("outbox/").length, outbox.entries.length], [false, 1, 1]);
});

test("a reading added just as everything was sent is sent too", async () => {
  const deps = fakeDeps();
  let whenDone = () => {};
  const alone = async (action) => {
    const answer = await action();
    whenDone();
    return answer;
  };
  const outbox = new Outbox({ ...deps, alone });
  whenDone = () => {
    whenDone = () => {};
    outbox.add(2, content("rbbb"), draftOf(deps, 2));
  };
  outbox.add(1, content("af"), draftOf(deps, 1));
  await settled();
  assert.deepEqual([deps.api.readings.size, types(deps)], [2, ["accepted", "accepted", "sent"]]);
});
