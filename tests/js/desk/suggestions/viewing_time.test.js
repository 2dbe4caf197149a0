import assert from "node:assert/strict";
import { test } from "node:test";

import { Refused, Unreachable } from "../../../../static/js/api.js";
import { ViewingTime } from "../../../../static/js/desk/suggestions/viewing_time.js";
import { fakeDeps, settled } from "../../fakes/desk.js";

/** A viewing time that records its requests; `refusal` is what the server throws. */
function startViewing() {
  const deps = fakeDeps();
  const sent = [];
  const server = { refusal: null };
  const api = {
    noteViewing: async (id, view, key) => {
      if (server.refusal) throw server.refusal;
      sent.push([id, view.shown_ms, key]);
    },
  };
  const viewingTime = new ViewingTime({ ...deps, api });
  viewingTime.begin(7);
  return { deps, sent, server, viewingTime };
}

test("viewing time is sent when the suggestions leave the view", async () => {
  const { deps, sent, viewingTime } = startViewing();
  await deps.clock.advance(1500);
  viewingTime.end();
  await settled();
  assert.deepEqual(
    sent.map(([id, ms]) => [id, ms]),
    [[7, 1500]],
  );
});

test("time while the page is hidden does not count", async () => {
  const { deps, sent, viewingTime } = startViewing();
  await deps.clock.advance(1000);
  viewingTime.setVisible(false);
  await deps.clock.advance(60_000);
  viewingTime.setVisible(true);
  await deps.clock.advance(500);
  viewingTime.end();
  await settled();
  assert.deepEqual(
    sent.map(([, ms]) => ms),
    [1000, 500],
  );
});

test("a very short view does not count", async () => {
  const { sent, viewingTime } = startViewing();
  viewingTime.end();
  await settled();
  assert.deepEqual(sent, []);
});

test("without a network it is kept and sent later with the same key", async () => {
  const { deps, sent, server, viewingTime } = startViewing();
  server.refusal = new Unreachable("down");
  await deps.clock.advance(1500);
  viewingTime.end();
  await settled();
  const [name] = deps.store.names("viewing/");
  server.refusal = null;
  await viewingTime.send();
  assert.deepEqual([sent, deps.store.names("viewing/")], [[[7, 1500, name.slice(8)]], []]);
});

test("what the server refuses is not sent again", async () => {
  const { deps, server, viewingTime } = startViewing();
  server.refusal = new Refused(404, {});
  await deps.clock.advance(1500);
  viewingTime.end();
  await settled();
  assert.deepEqual(deps.store.names("viewing/"), []);
});

test("suggestions that arrive while the page is hidden do not count", async () => {
  const { deps, sent, viewingTime } = startViewing();
  viewingTime.begin(8, false);
  await deps.clock.advance(60_000);
  viewingTime.setVisible(true);
  await deps.clock.advance(500);
  viewingTime.end();
  await settled();
  assert.deepEqual(
    sent.map(([id, ms]) => [id, ms]),
    [[8, 500]],
  );
});
