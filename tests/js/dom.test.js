import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { keepingFocus, letGo } from "../../static/js/dom.js";

const page = { activeElement: null };

beforeEach(() => {
  globalThis.document = page;
  globalThis.CSS = { escape: (text) => text };
  page.activeElement = null;
});

afterEach(() => {
  delete globalThis.document;
  delete globalThis.CSS;
});

/** Something that can have the focus. */
function control(name) {
  return {
    name,
    dataset: { focus: name },
    closest: () => ({ dataset: { focus: name } }),
    focus() {
      page.activeElement = this;
    },
    blur() {
      page.activeElement = null;
    },
  };
}

/** What holds `controls`; a test may change them. */
function panelOf(...controls) {
  const panel = { controls, contains: (one) => panel.controls.includes(one) };
  panel.querySelector = (selector) =>
    panel.controls.find(({ name }) => selector === `[data-focus="${name}"]`) ?? null;
  return panel;
}

test("a panel that is put away gives the focus back", () => {
  const [inside, before] = [control("inside"), control("before")];
  inside.focus();
  letGo(panelOf(inside), before);
  assert.equal(page.activeElement, before);
});

test("a panel that is put away gives the focus to nothing where there was nothing", () => {
  const inside = control("inside");
  inside.focus();
  letGo(panelOf(inside), null);
  assert.equal(page.activeElement, null);
});

test("a panel that has not the focus takes it from nobody", () => {
  const [inside, elsewhere] = [control("inside"), control("elsewhere")];
  elsewhere.focus();
  letGo(panelOf(inside), control("before"));
  assert.equal(page.activeElement, elsewhere);
});

test("what is made anew has the focus that it had", () => {
  const [old, anew] = [control("reason-slip"), control("reason-slip")];
  const panel = panelOf(old);
  old.focus();
  keepingFocus(panel, () => (panel.controls = [control("reason-other"), anew]));
  assert.equal(page.activeElement, anew);
});

test("where what had the focus is gone, the next best has it", () => {
  const [old, next] = [control("remove-af"), control("select-lbbb")];
  const panel = panelOf(old);
  old.focus();
  keepingFocus(
    panel,
    () => (panel.controls = [next]),
    (gone) => (gone === old ? next : null),
  );
  assert.equal(page.activeElement, next);
});

test("a focus elsewhere stays there", () => {
  const elsewhere = control("finder");
  const panel = panelOf(control("finder"));
  elsewhere.focus();
  keepingFocus(
    panel,
    () => (panel.controls = [control("finder")]),
    () => control("next"),
  );
  assert.equal(page.activeElement, elsewhere);
});
