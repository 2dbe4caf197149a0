import assert from "node:assert/strict";
import { test } from "node:test";

import {
  FIXED,
  assign,
  chosen,
  objection,
  restore,
  translate,
} from "../../../../static/js/desk/state/keymap.js";

const DEFAULT_KEYS = [
  "n",
  "1",
  "k",
  "Delete",
  "Backspace",
  "?",
  "F1",
  "Control+Enter",
  "Control+z",
  "ArrowLeft",
];

test("commands without a chosen key keep their default", () => {
  assert.deepEqual(
    [chosen({}, "n"), translate({ n: "v" }, "n"), translate({ "?": "h" }, "? F1")],
    ["n", "v", "h F1"],
  );
});

test("a free key is assigned without a question", () => {
  assert.equal(objection({}, DEFAULT_KEYS, "n", "v"), null);
  assert.deepEqual(assign({}, DEFAULT_KEYS, "n", "v"), { n: "v" });
});

test("a key in use names the command that has it", () => {
  assert.deepEqual(objection({}, DEFAULT_KEYS, "n", "k"), { kind: "taken", by: "k" });
});

test("taking a key in use swaps the two", () => {
  const keymap = assign({}, DEFAULT_KEYS, "n", "k");
  assert.deepEqual(DEFAULT_KEYS.map((key) => chosen(keymap, key)).slice(0, 3), ["k", "1", "n"]);
});

test("no two commands ever share a key, whatever the reader assigns", () => {
  const movable = DEFAULT_KEYS.filter((key) => !FIXED.includes(key));
  let keymap = {};
  for (let i = 0; i < 200; i += 1) {
    keymap = assign(
      keymap,
      DEFAULT_KEYS,
      movable[(i * 7) % movable.length],
      [...movable, "v", "y"][(i * 5) % (movable.length + 2)],
    );
    assert.equal(new Set(DEFAULT_KEYS.map((key) => chosen(keymap, key))).size, DEFAULT_KEYS.length);
  }
});

test("choosing the default key again leaves no entry", () => {
  assert.deepEqual(assign(assign({}, DEFAULT_KEYS, "n", "v"), DEFAULT_KEYS, "n", "n"), {});
});

test("the fixed keys cannot be taken or changed", () => {
  assert.equal(objection({}, DEFAULT_KEYS, "Control+Enter", "v").kind, "fixed");
  assert.equal(objection({}, DEFAULT_KEYS, "n", "F1").kind, "fixed");
});

test("keys reserved by the page or browsers are refused", () => {
  for (const key of ["Tab", "Enter", "Space", "Control+w", "Alt+ArrowLeft", "F5"]) {
    assert.equal(objection({}, DEFAULT_KEYS, "n", key)?.kind, "reserved", key);
  }
});

test("capitals and arrows may be chosen", () => {
  assert.deepEqual(
    [objection({}, DEFAULT_KEYS, "n", "Shift+N"), objection({}, DEFAULT_KEYS, "n", "ArrowUp")],
    [null, null],
  );
});

test("a stored value is restored only if it is a keymap", () => {
  assert.deepEqual(
    [restore(null), restore("x"), restore({ n: 3 }), restore({ n: "v" })],
    [{}, {}, {}, { n: "v" }],
  );
  assert.deepEqual(restore({ n: "v", k: "v" }), {}, "one key, two commands");
  assert.deepEqual(restore({ "Control+Enter": "v" }), {}, "the submit key stays fixed");
});
