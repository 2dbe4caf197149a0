import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused, SignedOut, Unreachable } from "../../static/js/api.js";
import { Draft } from "../../static/js/desk/storage/draft.js";
import { Outbox } from "../../static/js/desk/storage/outbox.js";
import { Shelf } from "../../static/js/desk/storage/reader_store.js";
import { FakeStorage, content, settled, world } from "./fakes/desk.js";

function draftOf(room, id = 1) {
  return new Draft(
    { id, server: room.api.drafts.get(id) ?? null, blank: content() },
    { ...room, onChange: () => {} },
  );
}

function types(room) {
  return room.events.map(({ type }) => type);
}

test("a reading is sent and forgotten", async () => {
  const room = world();
  const outbox = new Outbox(room);
  outbox.add(1, content("af"), draftOf(room));
  await settled();
  assert.deepEqual([types(room), outbox.entries], [["accepted", "sent"], []]);
});

test("a reading waits for the network and is sent once", async () => {
  const room = world();
  const outbox = new Outbox(room);
  room.api.isDown = true;
  outbox.add(1, content("af"), draftOf(room));
  await settled();
  assert.equal(outbox.entries.length, 1);
  room.api.isDown = false;
  await room.clock.advance(60_000);
  assert.deepEqual([room.api.readings.size, outbox.entries.length], [1, 0]);
});

test("a lost answer makes no second reading", async () => {
  const room = world();
  const outbox = new Outbox(room);
  room.api.losesAnswers = true;
  outbox.add(1, content("af"), draftOf(room));
  await settled();
  room.api.losesAnswers = false;
  await room.clock.advance(60_000);
  assert.deepEqual([types(room), room.api.readings.get(1).key], [["waiting", "accepted", "sent"], "key-1"]);
});

test("a reading survives a reload", async () => {
  const room = world();
  room.api.isDown = true;
  new Outbox(room).add(1, content("af"), draftOf(room));
  await settled();
  room.api.isDown = false;
  await new Outbox(room).drain();
  assert.equal(room.api.readings.size, 1);
});

test("fifty readings of an hour offline arrive in their order, each once", async () => {
  const room = world();
  const outbox = new Outbox(room);
  room.api.isDown = true;
  for (let id = 1; id <= 50; id += 1) {
    outbox.add(id, content("af"), draftOf(room, id));
    await room.clock.advance(1000);
  }
  room.api.isDown = false;
  await room.clock.advance(60_000);
  assert.deepEqual(
    [...room.api.readings.keys()],
    Array.from({ length: 50 }, (_, i) => i + 1),
  );
});

test("a reading leaves after the draft that is on its way", async () => {
  const room = world();
  const outbox = new Outbox(room);
  const draft = draftOf(room);
  const { saveDraft } = room.api;
  let release;
  room.api.saveDraft = async (...sent) => {
    await new Promise((resolve) => (release = resolve));
    return saveDraft(...sent);
  };
  draft.edit(content("af"));
  await room.clock.advance(1000);
  outbox.add(1, content("af"), draft);
  release();
  await settled();
  assert.deepEqual([types(room), room.api.readings.get(1).reading.based_on], [["accepted", "sent"], 1]);
});

test("a draft saved without our knowing is still our own", async () => {
  const room = world();
  const outbox = new Outbox(room);
  const draft = draftOf(room);
  room.api.losesAnswers = true;
  draft.edit(content("af"));
  await room.clock.advance(1000);
  outbox.add(1, content("af", "rbbb"), draft);
  await settled();
  room.api.losesAnswers = false;
  await room.clock.advance(60_000);
  assert.equal(room.api.readings.get(1).reading.findings.length, 2);
});

test("a draft of another device stops the reading and is told", async () => {
  const room = world();
  const outbox = new Outbox(room);
  const draft = draftOf(room);
  room.api.drafts.set(1, { version: 1, content: content("afl") });
  outbox.add(1, content("af"), draft);
  await settled();
  assert.deepEqual([room.events[0].kind, room.api.readings.size], ["stale-draft", 0]);
});

test("a refused reading does not hold up the others", async () => {
  const room = world();
  const outbox = new Outbox(room);
  const { submitReading } = room.api;
  room.api.submitReading = async (id, ...rest) => {
    if (id === 1) throw new Refused(400, { title: "Findings: unknown class." });
    return submitReading(id, ...rest);
  };
  outbox.add(1, content("af"), draftOf(room, 1));
  outbox.add(2, content("af"), draftOf(room, 2));
  await settled();
  assert.deepEqual(types(room), ["refused", "accepted", "sent"]);
});

test("an ended session keeps the readings", async () => {
  const room = world();
  const outbox = new Outbox(room);
  room.api.submitReading = async () => {
    throw new SignedOut();
  };
  outbox.add(1, content("af"), draftOf(room));
  await settled();
  assert.deepEqual([room.events[0].why, outbox.entries.length], ["signed-out", 1]);
});

test("it is known which assignments are on their way", async () => {
  const room = world();
  const outbox = new Outbox(room);
  room.api.isDown = true;
  outbox.add(7, content("af"), draftOf(room, 7));
  await settled();
  assert.deepEqual([outbox.holds("7"), outbox.holds(8)], [true, false]);
});

test("a correction leaves after what it corrects", async () => {
  const room = world();
  const outbox = new Outbox(room);
  const sent = [];
  room.api.submitReading = async (id, reading) => {
    if (room.api.isDown) throw new Unreachable("the cable is out");
    sent.push(reading.supersedes ?? "first");
    return { id, next: null };
  };
  room.api.isDown = true;
  outbox.add(1, content("af"), draftOf(room));
  await room.clock.advance(10);
  outbox.add(1, { ...content("rbbb"), supersedes: "key-1" }, draftOf(room));
  room.api.isDown = false;
  await room.clock.advance(60_000);
  assert.deepEqual(sent, ["first", "key-1"]);
});

test("a correction that came too late leaves no copy on the device; one refused for what it says stays", async () => {
  const kept = async (kind) => {
    const room = world();
    room.shelf.write("correction/1/key-1", {});
    room.api.submitReading = async () => {
      throw new Refused(409, { type: `/problems/${kind}` });
    };
    new Outbox(room).add(1, { ...content("rbbb"), supersedes: "key-1" }, draftOf(room));
    await settled();
    assert.equal(room.events[0].type, "refused");
    return room.shelf.names("correction/").length;
  };
  const kinds = ["reading-final", "not-the-latest", "batch-closed", "withdrawn", "invalid"];
  assert.deepEqual(await Promise.all(kinds.map(kept)), [0, 0, 0, 1, 1]);
});

test("two windows send what waits once", async () => {
  const room = world();
  let turn = Promise.resolve();
  const alone = (action) => (turn = turn.then(action));
  room.api.isDown = true;
  new Outbox(room).add(1, content("af"), draftOf(room));
  await settled();
  room.api.isDown = false;
  const before = room.api.requests;
  await Promise.all([new Outbox({ ...room, alone }).drain(), new Outbox({ ...room, alone }).drain()]);
  assert.deepEqual([room.api.requests - before, room.api.readings.size], [1, 1]);
});

test("a reading that met another device's draft is kept beside it", async () => {
  const room = world();
  const draft = draftOf(room);
  room.api.drafts.set(1, { version: 1, content: content("afl") });
  new Outbox(room).add(1, { ...content("af"), active_ms: 5 }, draft);
  await settled();
  const again = draftOf(room);
  assert.deepEqual(
    [again.state, again.content.findings[0].class, again.other.content],
    ["changed-elsewhere", "af", content("afl")],
  );
});

test("an accepted reading leaves nothing on the device", async () => {
  const room = world();
  for (const name of ["draft/1", "saved/1", "correction/1/key-0", "draft/10"]) room.shelf.write(name, {});
  new Outbox(room).add(1, content("af"), { settle: async () => null, basis: { version: 0, unanswered: [] } });
  await settled();
  assert.deepEqual(
    ["draft/", "saved/", "correction/", "outbox/"].flatMap((name) => room.shelf.names(name)),
    ["draft/10"],
  );
});

test("a revision goes to its own door, without a basis", async () => {
  const room = world();
  const sent = [];
  const api = {
    ...room.api,
    submitRevision: async (...said) => {
      sent.push(said);
      return { next: null };
    },
  };
  const outbox = new Outbox({ ...room, api });
  outbox.add(1, { ...content("af"), reason: "slip" }, draftOf(room), "", "revision");
  await settled();
  const [[id, revision, key]] = sent;
  assert.deepEqual([id, "based_on" in revision, key, room.api.readings.size], [1, false, "key-1", 0]);
});

test("a revision waits for the network like a reading", async () => {
  const room = world();
  let isDown = true;
  const submitRevision = async () => {
    if (isDown) throw new Unreachable("down");
    return { next: null };
  };
  const outbox = new Outbox({ ...room, api: { ...room.api, submitRevision } });
  outbox.add(1, { ...content("af"), reason: "slip" }, draftOf(room), "", "revision");
  await settled();
  assert.equal(outbox.entries[0].kind, "revision");
  isDown = false;
  await room.clock.advance(60_000);
  assert.deepEqual(types(room), ["waiting", "accepted", "sent"]);
});

test("an answer that nobody foresaw does not end all sending", async () => {
  const room = world();
  const { submitReading } = room.api;
  const entry = {
    key: "key-0",
    kind: "reading",
    assignment: 1,
    reading: content("af"),
    basis: { version: 0, unanswered: [] },
    at: 0,
  };
  room.shelf.write("outbox/key-0", entry);
  const outbox = new Outbox(room);
  room.api.submitReading = async () => {
    throw new TypeError("unforeseen");
  };
  await assert.rejects(outbox.drain(), { message: "unforeseen" });
  room.api.submitReading = submitReading;
  await outbox.drain();
  assert.deepEqual([room.api.readings.size, outbox.entries], [1, []]);
});

/** A world whose device has no room left. */
function fullWorld() {
  const storage = new FakeStorage();
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  return world({ shelf: new Shelf(storage, "ana") });
}

test("a reading that the device has no room for is sent behind the one that is being sent", async () => {
  const room = fullWorld();
  const outbox = new Outbox(room);
  const kept = [
    outbox.add(1, content("af"), draftOf(room, 1)),
    outbox.add(2, content("af"), draftOf(room, 2)),
  ];
  await settled();
  assert.deepEqual(
    [kept, [...room.api.readings.keys()]],
    [
      [false, false],
      [1, 2],
    ],
  );
});

test("a reading that the device has no room for waits for the network too", async () => {
  const room = fullWorld();
  const outbox = new Outbox(room);
  room.api.isDown = true;
  outbox.add(7, content("af"), draftOf(room, 7));
  await settled();
  assert.deepEqual([outbox.holds(7), outbox.hasUnkept, room.events[0].count], [true, true, 1]);
  room.api.isDown = false;
  await room.clock.advance(60_000);
  assert.deepEqual([room.api.readings.size, outbox.hasUnkept, outbox.entries], [1, false, []]);
});

test("a reading for which room was made meanwhile is kept", async () => {
  const room = fullWorld();
  const roomy = world().shelf;
  const shelf = {
    ...Object.fromEntries(
      ["read", "names", "remove"].map((deed) => [deed, (...told) => roomy[deed](...told)]),
    ),
  };
  shelf.write = (...told) => (room.hasRoom ? roomy.write(...told) : false);
  const outbox = new Outbox({ ...room, shelf });
  room.api.isDown = true;
  outbox.add(7, content("af"), draftOf(room, 7));
  room.hasRoom = true;
  await settled();
  assert.deepEqual([outbox.hasUnkept, roomy.names("outbox/").length, outbox.entries.length], [false, 1, 1]);
});

test("a reading that comes just when all is sent is sent too", async () => {
  const room = world();
  let whenDone = () => {};
  const alone = async (action) => {
    const answer = await action();
    whenDone();
    return answer;
  };
  const outbox = new Outbox({ ...room, alone });
  whenDone = () => {
    whenDone = () => {};
    outbox.add(2, content("rbbb"), draftOf(room, 2));
  };
  outbox.add(1, content("af"), draftOf(room, 1));
  await settled();
  assert.deepEqual([room.api.readings.size, types(room)], [2, ["accepted", "accepted", "sent"]]);
});
