import assert from "node:assert/strict";
import { test } from "node:test";

import { Confirmation, PAUSE_MS } from "../../static/js/desk/state/confirmation.js";

test("the first time is a question", () => {
  assert.ok(!new Confirmation().answers("empty?", 0));
});

test("the same again after a pause is the answer", () => {
  const confirmation = new Confirmation();
  confirmation.answers("empty?", 1000);
  assert.ok(confirmation.answers("empty?", 1000 + PAUSE_MS));
});

test("hammering never answers", () => {
  const confirmation = new Confirmation();
  const answers = Array.from({ length: 50 }, (_, i) => confirmation.answers("empty?", i * (PAUSE_MS - 1)));
  assert.ok(!answers.includes(true));
});

test("another doubt is asked about anew", () => {
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
