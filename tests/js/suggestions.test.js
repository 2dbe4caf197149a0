import assert from "node:assert/strict";
import { test } from "node:test";

import {
  decided,
  isConfirmed,
  isShared,
  readouts,
  standings,
} from "../../static/js/desk/state/model_answer.js";
import { Suggestions, isOffered, mayAsk } from "../../static/js/desk/suggestions.js";
import { FakeDocument, FakeElement } from "./fakes/desk.js";

const SIGNED = { id: 7, state: "submitted", reading: { findings: [] }, suggestions: "shown" };

function measured(value, reason = "") {
  return { value, confidence: 1, n_beats: 9, reason };
}

/** A panel whose questions are kept. */
function panel() {
  const asked = [];
  const api = {
    loadSuggestions: async (id) => {
      asked.push(id);
      return new Promise(() => {});
    },
  };
  return { asked, shown: new Suggestions({ hidden: false }, { api }) };
}

for (const state of ["todo", "draft"]) {
  test(`the model is not asked of an exam in state ${state}`, () => {
    const { asked, shown } = panel();
    shown.show({ id: 7, state, reading: null });
    assert.deepEqual(asked, []);
  });
}

test("of a signed exam whose suggestions were not seen yet nothing is asked before the reader wants it", async () => {
  globalThis.document = new FakeDocument();
  for (const [until, text] of [
    ["2026-06-01T12:00:00Z", "model-see-final"],
    [null, "model-see"],
  ]) {
    const asked = [];
    let click;
    const root = Object.assign(new FakeElement("section"), {
      contains: () => false,
      addEventListener: (name, action) => name === "click" && (click = action),
    });
    const shown = new Suggestions(root, {
      words: (key) => key,
      api: {
        loadSuggestions: async (id) => {
          asked.push(id);
          return new Promise(() => {});
        },
      },
    });
    const last = { ...SIGNED, suggestions: "offered", undo_until: until };
    await shown.show(last);
    const button = root.children.at(-1);
    assert.deepEqual([asked, root.hidden, button.children[0]], [[], false, text]);
    click({ target: { closest: () => ({ dataset: { part: "see-suggestions" } }) } });
    assert.deepEqual([asked, last.undo_until], [[7], null]);
  }
  delete globalThis.document;
});

test("the model is asked of a signed exam whose suggestions were seen before", () => {
  const { asked, shown } = panel();
  shown.show(SIGNED);
  assert.deepEqual(asked, [7]);
});

test("what was shown of the last exam is hidden at once", () => {
  const { shown } = panel();
  shown.show({ id: 8, state: "todo", reading: null });
  assert.equal(shown.root.hidden, true);
});

test("a reading that the server does not give back is not signed", () => {
  assert.equal(mayAsk({ state: "submitted", reading: null, suggestions: "shown" }), false);
  assert.equal(isOffered({ state: "submitted", reading: null, suggestions: "offered" }), false);
  assert.equal(mayAsk({ state: "todo", reading: null, is_shown_suggestions: false }), false);
  assert.equal(mayAsk({ state: "todo", reading: null, is_shown_suggestions: true }), true);
});

test("a finding of a class that the model never looks at is not assessed", () => {
  const answer = { suggestions: [], covered_classes: ["prolonged_qt"] };
  assert.deepEqual(standings(["atrial_fibrillation"], answer), [
    { code: "atrial_fibrillation", standing: "not-assessed" },
  ]);
});

test("a finding that the model looked for in vain is not suggested", () => {
  const answer = { suggestions: [], covered_classes: ["prolonged_qt"] };
  assert.deepEqual(standings(["prolonged_qt"], answer), [
    { code: "prolonged_qt", standing: "not-suggested" },
  ]);
});

test("a finding that the model suggests too needs no word", () => {
  const answer = { suggestions: [{ class: "prolonged_qt" }], covered_classes: ["prolonged_qt"] };
  assert.deepEqual(standings(["prolonged_qt"], answer), []);
});

test("a measurement is shown with its unit", () => {
  assert.deepEqual(readouts({ pr_ms: measured(238.4) }, "bazett", "en"), [
    { name: "measured-pr", text: "238 ms", nBeats: 9, reason: "" },
  ]);
});

test("an angle has no space before its sign", () => {
  assert.equal(readouts({ axis_deg: measured(-45) }, "", "en")[0].text, "−45°");
});

test("what could not be measured gives its reason instead of a number", () => {
  const [row] = readouts({ pr_ms: measured(null, "no_p_wave") }, "", "en");
  assert.deepEqual([row.text, row.reason], [null, "no_p_wave"]);
});

for (const [formula, name] of [
  ["hodges", "check-qtc_hodges_ms"],
  ["", "check-qtc_fridericia_ms"],
]) {
  test(`QT is shown as corrected by ${formula || "the formula of version 1"}`, () => {
    const both = { qtc_hodges_ms: measured(440), qtc_fridericia_ms: measured(430) };
    assert.deepEqual(
      readouts(both, formula, "en").map((row) => row.name),
      [name],
    );
  });
}

test("an exam on which measuring failed has nothing to show", () => {
  assert.deepEqual(readouts({}, "", "en"), []);
});

test("who agreed with their own finding has accepted it", () => {
  const reading = { decisions: [], confirmed: ["af"], findings: [{ class: "af" }] };
  assert.deepEqual(
    [isConfirmed({ reading }, "af"), decided({ reading }, "af"), decided({ reading }, "lbbb")],
    [true, "accepted", undefined],
  );
});

test("a suggestion is shared by who gave its class before", () => {
  assert.deepEqual(
    [isShared({ reading: { findings: [{ class: "af" }] } }, "af"), isShared({ reading: null }, "af")],
    [true, false],
  );
});

test("what was decided afterwards counts before what was decided while reading", () => {
  const reading = { decisions: [{ class: "af", verdict: "rejected" }] };
  const revision = { decisions: [{ class: "af", verdict: "accepted" }] };
  assert.deepEqual(
    [decided({ reading }, "af"), decided({ reading, revision }, "af")],
    ["rejected", "accepted"],
  );
});

test("what nobody decided on has no verdict", () => {
  assert.equal(decided({ reading: null }, "af"), undefined);
});

test("what arrives after the reader has left stays out of view and is not counted", async () => {
  let answer;
  const viewed = [];
  const shown = new Suggestions(
    { hidden: false },
    {
      api: { loadSuggestions: () => new Promise((resolve) => (answer = resolve)) },
      onView: (id) => viewed.push(id),
      onShow: () => {},
    },
  );
  const showing = shown.show(SIGNED);
  shown.leave();
  answer({ suggestions: [], covered_classes: [] });
  await showing;
  assert.deepEqual([shown.root.hidden, viewed.filter((id) => id !== null)], [true, []]);
});
