import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { keepFocus, releaseFocus } from "../../static/js/dom.js";

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

/** A focusable element. */
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

/** A container of `controls`, which a test may replace. */
function panelOf(...controls) {
  const panel = { controls, contains: (element) => panel.controls.includes(element) };
  panel.querySelector = (selector) =>
    panel.controls.find(({ name }) => selector === `[data-focus="${name}"]`) ?? null;
  return panel;
}

test("a closed panel returns focus", () => {
  const [inside, before] = [control("inside"), control("before")];
  inside.focus();
  releaseFocus(panelOf(inside), before);
  assert.equal(page.activeElement, before);
});

test("a closed panel blurs when nothing had focus before", () => {
  const inside = control("inside");
  inside.focus();
  releaseFocus(panelOf(inside), null);
  assert.equal(page.activeElement, null);
});

test("a panel without focus leaves focus elsewhere alone", () => {
  const [inside, elsewhere] = [control("inside"), control("elsewhere")];
  elsewhere.focus();
  releaseFocus(panelOf(inside), control("before"));
  assert.equal(page.activeElement, elsewhere);
});

test("a rebuilt element keeps focus", () => {
  const [old, replacement] = [control("reason-slip"), control("reason-slip")];
  const panel = panelOf(old);
  old.focus();
  keepFocus(panel, () => (panel.controls = [control("reason-other"), replacement]));
  assert.equal(page.activeElement, replacement);
});

test("when the focused element is gone, the fallback gets focus", () => {
  const [old, next] = [control("remove-af"), control("select-lbbb")];
  const panel = panelOf(old);
  old.focus();
  keepFocus(
    panel,
    () => (panel.controls = [next]),
    (gone) => (gone === old ? next : null),
  );
  assert.equal(page.activeElement, next);
});

test("focus elsewhere stays there", () => {
  const elsewhere = control("finder");
  const panel = panelOf(control("finder"));
  elsewhere.focus();
  keepFocus(
    panel,
    () => (panel.controls = [control("finder")]),
    () => control("next"),
  );
  assert.equal(page.activeElement, elsewhere);
});
