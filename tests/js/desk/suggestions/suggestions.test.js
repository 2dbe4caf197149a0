import assert from "node:assert/strict";
import { test } from "node:test";

import {
  comparisons,
  decided,
  isConfirmed,
  isShared,
  readouts,
} from "../../../../static/js/desk/state/model_answer.js";
import { Suggestions, isOffered, mayAsk } from "../../../../static/js/desk/suggestions/suggestions.js";
import { FakeDocument, FakeElement } from "../../fakes/desk.js";

const SIGNED = { id: 7, state: "submitted", reading: { findings: [] }, suggestions: "shown" };

/** Callbacks of the panel that do nothing. */
const SILENT = { onShow: () => {}, onView: () => {} };

function measurement(value, reason = "") {
  return { value, confidence: 1, n_beats: 9, reason };
}

/** A panel that records its requests. */
function panel() {
  const requested = [];
  const api = {
    loadSuggestions: async (id) => {
      requested.push(id);
      return new Promise(() => {});
    },
  };
  return { requested, view: new Suggestions(new FakeElement("section"), { ...SILENT, api }) };
}

for (const state of ["todo", "draft"]) {
  test(`no suggestions are loaded for an exam in state ${state}`, () => {
    const { requested, view } = panel();
    view.show({ id: 7, state, reading: null });
    assert.deepEqual(requested, []);
  });
}

test("suggestions on a signed exam are not loaded before the reader asks for them", async () => {
  globalThis.document = new FakeDocument();
  for (const [until, text] of [
    ["2026-06-01T12:00:00Z", "model-show-final"],
    [null, "model-show"],
  ]) {
    const requested = [];
    let click;
    const root = Object.assign(new FakeElement("section"), {
      contains: () => false,
      addEventListener: (name, action) => name === "click" && (click = action),
    });
    const view = new Suggestions(root, {
      ...SILENT,
      words: (key) => key,
      api: {
        loadSuggestions: async (id) => {
          requested.push(id);
          return new Promise(() => {});
        },
      },
    });
    const last = { ...SIGNED, suggestions: "offered", undo_until: until };
    await view.show(last);
    const button = root.children.at(-1);
    assert.deepEqual([requested, root.hidden, button.children[0]], [[], false, text]);
    click({ target: { closest: () => ({ dataset: { part: "see-suggestions" } }) } });
    assert.deepEqual([requested, last.undo_until], [[7], null]);
  }
  delete globalThis.document;
});

test("suggestions that were seen before are loaded at once", () => {
  const { requested, view } = panel();
  view.show(SIGNED);
  assert.deepEqual(requested, [7]);
});

test("the previous exam's suggestions are hidden at once", () => {
  const { view } = panel();
  view.show({ id: 8, state: "todo", reading: null });
  assert.equal(view.root.hidden, true);
});

test("without the signed reading no suggestions are loaded or offered", () => {
  assert.equal(mayAsk({ state: "submitted", reading: null, suggestions: "shown" }), false);
  assert.equal(isOffered({ state: "submitted", reading: null, suggestions: "offered" }), false);
  assert.equal(mayAsk({ state: "todo", reading: null, is_shown_suggestions: false }), false);
  assert.equal(mayAsk({ state: "todo", reading: null, is_shown_suggestions: true }), true);
});

test('a finding of a class that the model does not cover is "not assessed"', () => {
  const answer = { suggestions: [], covered_classes: ["prolonged_qt"] };
  assert.deepEqual(comparisons(["atrial_fibrillation"], answer), [
    { code: "atrial_fibrillation", status: "not-assessed" },
  ]);
});

test('a finding of a covered class that is not suggested is "not suggested"', () => {
  const answer = { suggestions: [], covered_classes: ["prolonged_qt"] };
  assert.deepEqual(comparisons(["prolonged_qt"], answer), [
    { code: "prolonged_qt", status: "not-suggested" },
  ]);
});

test("a finding that the model suggests too is not listed", () => {
  const answer = { suggestions: [{ class: "prolonged_qt" }], covered_classes: ["prolonged_qt"] };
  assert.deepEqual(comparisons(["prolonged_qt"], answer), []);
});

test("a measurement is shown with its unit", () => {
  assert.deepEqual(readouts({ pr_ms: measurement(238.4) }, "bazett", "en"), [
    { name: "measured-pr", text: "238 ms", nBeats: 9, reason: "" },
  ]);
});

test("an angle has no space before the degree sign", () => {
  assert.equal(readouts({ axis_deg: measurement(-45) }, "", "en")[0].text, "−45°");
});

test("a missing measurement has its reason instead of a number", () => {
  const [row] = readouts({ pr_ms: measurement(null, "no_p_wave") }, "", "en");
  assert.deepEqual([row.text, row.reason], [null, "no_p_wave"]);
});

for (const [formula, name] of [
  ["hodges", "check-qtc_hodges_ms"],
  ["", "check-qtc_fridericia_ms"],
]) {
  test(`QT is labeled as corrected by ${formula || "the formula of version 1"}`, () => {
    const both = { qtc_hodges_ms: measurement(440), qtc_fridericia_ms: measurement(430) };
    assert.deepEqual(
      readouts(both, formula, "en").map((row) => row.name),
      [name],
    );
  });
}

test("an exam without measurements has no readouts", () => {
  assert.deepEqual(readouts({}, "", "en"), []);
});

test("confirming the reader's own finding counts as accepting", () => {
  const reading = { decisions: [], confirmed: ["af"], findings: [{ class: "af" }] };
  assert.deepEqual(
    [isConfirmed({ reading }, "af"), decided({ reading }, "af"), decided({ reading }, "lbbb")],
    [true, "accepted", undefined],
  );
});

test("a suggestion is shared when the reader found its class before", () => {
  assert.deepEqual(
    [isShared({ reading: { findings: [{ class: "af" }] } }, "af"), isShared({ reading: null }, "af")],
    [true, false],
  );
});

test("a decision made afterwards takes precedence over one made while reading", () => {
  const reading = { decisions: [{ class: "af", verdict: "rejected" }] };
  const revision = { decisions: [{ class: "af", verdict: "accepted" }] };
  assert.deepEqual(
    [decided({ reading }, "af"), decided({ reading, revision }, "af")],
    ["rejected", "accepted"],
  );
});

test("a suggestion without a decision has no verdict", () => {
  assert.equal(decided({ reading: null }, "af"), undefined);
});

test("an answer that arrives after leaving is neither shown nor counted", async () => {
  let answer;
  const viewed = [];
  const view = new Suggestions(new FakeElement("section"), {
    api: { loadSuggestions: () => new Promise((resolve) => (answer = resolve)) },
    onView: (id) => viewed.push(id),
    onShow: () => {},
  });
  const showing = view.show(SIGNED);
  view.leave();
  answer({ suggestions: [], covered_classes: [] });
  await showing;
  assert.deepEqual([view.root.hidden, viewed.filter((id) => id !== null)], [true, []]);
});
