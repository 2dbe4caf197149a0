import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { TakeBack } from "../../../static/js/desk/take_back.js";
import { FakeClock, FakeDocument, FakeElement, textOf } from "../fakes/desk.js";

beforeEach(() => (globalThis.document = new FakeDocument()));
afterEach(() => delete globalThis.document);

/** A page with one place where the button is shown. */
function head() {
  const place = new FakeElement("span");
  const root = Object.assign(new FakeElement("div"), { querySelectorAll: () => [place] });
  const clock = new FakeClock();
  const takeBack = new TakeBack(root, {
    clock,
    language: "en",
    words: (key, values = {}) => `${key} ${values.code ?? ""}`.trim(),
    onTakeBack: () => {},
  });
  return { place, clock, takeBack };
}

const until = (seconds) => new Date(seconds * 1000).toISOString();

test("the button names its exam", () => {
  const { place, takeBack } = head();
  takeBack.offer({ id: 7, code: "6NV57-ES90G", until: until(60) });
  assert.equal(textOf(place), "retract 6NV57-ES90G");
});

test("the button disappears at the deadline", async () => {
  const { place, clock, takeBack } = head();
  takeBack.offer({ id: 7, code: "6NV57-ES90G", until: until(60) });
  await clock.advance(60_000);
  assert.deepEqual([textOf(place), place.hidden], ["", true]);
});
