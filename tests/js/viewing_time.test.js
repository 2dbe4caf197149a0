import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused, Unreachable } from "../../static/js/api.js";
import { Viewing } from "../../static/js/desk/viewing_time.js";
import { settled, world } from "./fakes/desk.js";

/** A viewing whose messages are kept; `refusal` is what the server throws. */
function begun() {
  const room = world();
  const told = [];
  const server = { refusal: null };
  const api = {
    noteViewing: async (id, seen, key) => {
      if (server.refusal) throw server.refusal;
      told.push([id, seen.shown_ms, key]);
    },
  };
  const viewing = new Viewing({ ...room, api });
  viewing.begin(7);
  return { room, told, server, viewing };
}

test("what was looked at is told when it leaves the view", async () => {
  const { room, told, viewing } = begun();
  await room.clock.advance(1500);
  viewing.end();
  await settled();
  assert.deepEqual(
    told.map(([id, ms]) => [id, ms]),
    [[7, 1500]],
  );
});

test("time in which the page is hidden does not count", async () => {
  const { room, told, viewing } = begun();
  await room.clock.advance(1000);
  viewing.see(false);
  await room.clock.advance(60_000);
  viewing.see(true);
  await room.clock.advance(500);
  viewing.end();
  await settled();
  assert.deepEqual(
    told.map(([, ms]) => ms),
    [1000, 500],
  );
});

test("a glance is no looking", async () => {
  const { told, viewing } = begun();
  viewing.end();
  await settled();
  assert.deepEqual(told, []);
});

test("without a network it is kept and told later, by the same key", async () => {
  const { room, told, server, viewing } = begun();
  server.refusal = new Unreachable("down");
  await room.clock.advance(1500);
  viewing.end();
  await settled();
  const [name] = room.shelf.names("viewing/");
  server.refusal = null;
  await viewing.send();
  assert.deepEqual([told, room.shelf.names("viewing/")], [[[7, 1500, name.slice(8)]], []]);
});

test("what the server refuses is not told again", async () => {
  const { room, server, viewing } = begun();
  server.refusal = new Refused(404, {});
  await room.clock.advance(1500);
  viewing.end();
  await settled();
  assert.deepEqual(room.shelf.names("viewing/"), []);
});

test("what arrives while the page is hidden is not looked at", async () => {
  const { room, told, viewing } = begun();
  viewing.begin(8, false);
  await room.clock.advance(60_000);
  viewing.see(true);
  await room.clock.advance(500);
  viewing.end();
  await settled();
  assert.deepEqual(
    told.map(([id, ms]) => [id, ms]),
    [[8, 500]],
  );
});
