import assert from "node:assert/strict";
import { test } from "node:test";

import { keyCaps } from "../../../../static/js/desk/keyboard/keys.js";
import {
  bindHotkeys,
  controlFor,
  isForeign,
  isSingle,
  shortcut,
} from "../../../../static/js/desk/keyboard/hotkeys.js";

function event(key, { inField = false, ...rest } = {}) {
  return { key, target: { closest: () => (inField ? {} : null) }, ...rest };
}

function inSelect(key) {
  return { key, target: { closest: (selector) => (selector.includes("select") ? {} : null) } };
}

function control(keys) {
  return { getAttribute: () => keys };
}

const ON = { singleKeys: true };
const OFF = { singleKeys: false };

for (const [pressed, spelled] of [
  [{ key: "a" }, "a"],
  [{ key: "A" }, "a"],
  [{ key: "J", shiftKey: true }, "Shift+J"],
  [{ key: "?", shiftKey: true }, "?"],
  [{ key: "/" }, "/"],
  [{ key: "+", shiftKey: true }, "Plus"],
  [{ key: " " }, "Space"],
  [{ key: "Enter", ctrlKey: true }, "Control+Enter"],
  [{ key: "Enter", metaKey: true }, "Control+Enter"],
  [{ key: "ArrowRight" }, "ArrowRight"],
  [{ key: "z", ctrlKey: true }, "Control+z"],
]) {
  test(`the key ${JSON.stringify(pressed)} is spelled ${spelled}`, () => {
    assert.equal(shortcut(pressed), spelled);
  });
}

test("the control that claims the key is found", () => {
  const claimant = control("? F1");
  const root = { querySelectorAll: () => [control("n"), claimant] };
  assert.equal(controlFor(root, "F1"), claimant);
});

test("a key that no control claims has no control", () => {
  assert.equal(controlFor({ querySelectorAll: () => [control("n")] }, "q"), undefined);
});

test("letters typed into a field are not commands", () => {
  assert.ok(isForeign(event("n", { inField: true }), "n", ON));
});

test("submitting works from inside a field", () => {
  assert.ok(!isForeign(event("Enter", { inField: true }), "Control+Enter", ON));
});

test("a field keeps its own undo", () => {
  assert.ok(isForeign(event("z", { inField: true }), "Control+z", ON));
});

test("a held key does not submit exam after exam", () => {
  assert.ok(isForeign(event("Enter", { repeat: true }), "Control+Enter", ON));
});

for (const key of ["n", "1", "/", "?", "Control+z"]) {
  test(`${key} is a command even while a sheet menu has focus`, () => {
    assert.ok(!isForeign(inSelect(key), key, ON));
  });
}

for (const key of ["ArrowDown", "Home", "Enter", "Space"]) {
  test(`a select keeps ${key}`, () => {
    assert.ok(isForeign(inSelect(key), key, ON));
  });
}

test("a select keeps letters too when single keys are off", () => {
  assert.ok(isForeign(inSelect("n"), "n", OFF));
});

test("single keys can be switched off", () => {
  assert.ok(isForeign(event("n"), "n", OFF));
});

test("keys with Control still work when single keys are off", () => {
  assert.ok(!isForeign(event("Enter"), "Control+Enter", OFF));
});

test("letters, digits and signs are single keys", () => {
  assert.deepEqual(["n", "1", "?", "Plus", "Space", "F1", "Control+z", "ArrowLeft"].map(isSingle), [
    true,
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("a capital letter is a single key", () => {
  assert.deepEqual(["Shift+L", "Shift+Tab", "Control+Shift+z"].map(isSingle), [true, false, false]);
});

test("help shows keys as they are on the keyboard", () => {
  assert.deepEqual(["Control+Enter", "n", "Plus"].map(keyCaps), ["Ctrl ↵", "N", "+"]);
});

/** Return whether a shortcut prevents the browser's default action while a select has focus. */
function isPrevented(key, { singleKeys = true, ...rest } = {}) {
  let listener;
  let wasPrevented = false;
  const root = { addEventListener: (_, action) => (listener = action), querySelectorAll: () => [] };
  bindHotkeys(root, { singleKeys: () => singleKeys });
  listener({ ...inSelect(key), preventDefault: () => (wasPrevented = true), ...rest });
  return wasPrevented;
}

for (const key of ["3", "6", "q", "Q"]) {
  test(`${key}, which no command claims, does not choose in a select`, () => {
    assert.ok(isPrevented(key));
  });
}

test("a held key does not choose in a select", () => {
  assert.ok(isPrevented("3", { repeat: true }));
});

for (const key of [" ", "ArrowDown", "Tab", "Enter"]) {
  test(`a select keeps the key ${JSON.stringify(key)}`, () => {
    assert.ok(!isPrevented(key));
  });
}

test("with single keys off, letters choose in a select", () => {
  assert.ok(!isPrevented("q", { singleKeys: false }));
});
