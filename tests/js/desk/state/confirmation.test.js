import assert from "node:assert/strict";
import { test } from "node:test";

import { PAUSE_MS, Confirmation } from "../../../../static/js/desk/state/confirmation.js";

test("the first attempt asks a question", () => {
  assert.ok(!new Confirmation().answers("empty?", 0));
});

test("repeating after a pause confirms", () => {
  const confirmation = new Confirmation();
  confirmation.answers("empty?", 1000);
  assert.ok(confirmation.answers("empty?", 1000 + PAUSE_MS));
});

test("rapid repetition never confirms", () => {
  const confirmation = new Confirmation();
  const answers = Array.from({ length: 50 }, (_, i) => confirmation.answers("empty?", i * (PAUSE_MS - 1)));
  assert.ok(!answers.includes(true));
});

test("a different doubt is a new question", () => {
  const confirmation = new Confirmation();
  confirmation.answers("empty?", 0);
  assert.ok(!confirmation.answers("contradiction?", PAUSE_MS));
});

test("after a change the question is asked again", () => {
  const confirmation = new Confirmation();
  confirmation.answers("empty?", 0);
  confirmation.clear();
  assert.ok(!confirmation.answers("empty?", PAUSE_MS));
});
