import assert from "node:assert/strict";
import { test } from "node:test";

import { FIXED, assign, chosen, objection, restore, translate } from "../../static/js/desk/state/keymap.js";

const GIVEN = ["n", "1", "k", "Delete", "Backspace", "?", "F1", "Control+Enter", "Control+z", "ArrowLeft"];

test("what was not chosen keeps its key", () => {
  assert.deepEqual(
    [chosen({}, "n"), translate({ n: "v" }, "n"), translate({ "?": "h" }, "? F1")],
    ["n", "v", "h F1"],
  );
});

test("a free key is given without a question", () => {
  assert.equal(objection({}, GIVEN, "n", "v"), null);
  assert.deepEqual(assign({}, GIVEN, "n", "v"), { n: "v" });
});

test("a key that another command has is warned about by that command", () => {
  assert.deepEqual(objection({}, GIVEN, "n", "k"), { kind: "taken", by: "k" });
});

test("taking it all the same swaps the two", () => {
  const keymap = assign({}, GIVEN, "n", "k");
  assert.deepEqual(GIVEN.map((key) => chosen(keymap, key)).slice(0, 3), ["k", "1", "n"]);
});

test("no two commands ever have one key, whatever is chosen in whatever order", () => {
  const movable = GIVEN.filter((key) => !FIXED.includes(key));
  let keymap = {};
  for (let i = 0; i < 200; i += 1) {
    keymap = assign(
      keymap,
      GIVEN,
      movable[(i * 7) % movable.length],
      [...movable, "v", "y"][(i * 5) % (movable.length + 2)],
    );
    assert.equal(new Set(GIVEN.map((key) => chosen(keymap, key))).size, GIVEN.length);
  }
});

test("the way back to the given key leaves nothing behind", () => {
  assert.deepEqual(assign(assign({}, GIVEN, "n", "v"), GIVEN, "n", "n"), {});
});

test("the keys that always work are not taken or given away", () => {
  assert.equal(objection({}, GIVEN, "Control+Enter", "v").kind, "fixed");
  assert.equal(objection({}, GIVEN, "n", "F1").kind, "fixed");
});

test("keys of the page and of browsers are refused", () => {
  for (const wanted of ["Tab", "Enter", "Space", "Control+w", "Alt+ArrowLeft", "F5"]) {
    assert.equal(objection({}, GIVEN, "n", wanted)?.kind, "reserved", wanted);
  }
});

test("capitals and arrows may be chosen", () => {
  assert.deepEqual(
    [objection({}, GIVEN, "n", "Shift+N"), objection({}, GIVEN, "n", "ArrowUp")],
    [null, null],
  );
});

test("what is stored is believed only while it is a keymap", () => {
  assert.deepEqual(
    [restore(null), restore("x"), restore({ n: 3 }), restore({ n: "v" })],
    [{}, {}, {}, { n: "v" }],
  );
  assert.deepEqual(restore({ n: "v", k: "v" }), {}, "one key, two commands");
  assert.deepEqual(restore({ "Control+Enter": "v" }), {}, "the way to submit stays");
});
