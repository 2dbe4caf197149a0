import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { createTree, isOpen, press, reveal, toggle, visible } from "../../../../static/js/desk/state/tree.js";

const classes = JSON.parse(readFileSync(new URL("../../fixtures/classes.json", import.meta.url)));
const byCode = new Map(classes.map((entry) => [entry.code, entry]));
const tree = createTree(classes, {
  groupName: (code) => byCode.get(code).group,
  className: (code) => byCode.get(code).name,
});
const N_GROUPS = new Set(classes.map(({ group }) => group)).size;

function after(...keys) {
  return keys.reduce((state, key) => press(state, key) ?? state, tree);
}

test("initially only groups are visible, with the first one current", () => {
  assert.deepEqual([visible(tree).length, tree.at], [N_GROUPS, "group:normal"]);
});

test("the right arrow opens a group and then enters it", () => {
  assert.ok(isOpen(after("ArrowRight"), "normal"));
  assert.equal(after("ArrowRight", "ArrowRight").at, "class:normal_ecg");
  assert.equal(after("ArrowRight", "ArrowRight", "ArrowRight").at, "class:normal_ecg");
});

test("the left arrow goes out to the group and then closes it", () => {
  const out = after("ArrowRight", "ArrowRight", "ArrowLeft");
  assert.equal(out.at, "group:normal");
  assert.ok(!isOpen(press(out, "ArrowLeft"), "normal"));
  assert.equal(press(press(out, "ArrowLeft"), "ArrowLeft").at, "group:normal");
});

test("up and down stop at the ends", () => {
  assert.equal(after("ArrowUp").at, "group:normal");
  assert.equal(press(after("End"), "ArrowDown").at, after("End").at);
  assert.equal(after("End", "Home").at, "group:normal");
});

test("the asterisk opens all groups and shows all 66 classes", () => {
  assert.equal(visible(after("*")).length, N_GROUPS + classes.length);
});

test("a letter moves to the next row that starts with it, wrapping around", () => {
  const open = after("*", "s");
  const names = [];
  for (let state = open; names.length < 30; state = press(state, "s"))
    names.push(visible(state).find(({ id }) => id === state.at).name);
  assert.ok(names.every((name) => name.toLowerCase().startsWith("s")));
  assert.ok(names.lastIndexOf(names[0]) > 0, "it wraps around");
});

test("closing a group moves from its class to the group", () => {
  const inside = reveal(tree, "atrial_fibrillation");
  assert.equal(inside.at, "class:atrial_fibrillation");
  assert.equal(toggle(inside, "arrhythmia").at, "group:arrhythmia");
});

test("keys without meaning in a tree are left to the page", () => {
  assert.deepEqual(
    ["F1", "Tab", "Enter", " "].map((key) => press(tree, key)),
    [null, null, null, null],
  );
});
