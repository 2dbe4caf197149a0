import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Catalog } from "../../../../static/js/desk/state/catalog.js";
import { begin, step, undo } from "../../../../static/js/desk/state/history.js";
import * as labels from "../../../../static/js/desk/state/labels.js";

const catalog = new Catalog(
  JSON.parse(readFileSync(new URL("../../fixtures/classes.json", import.meta.url))),
);
const AF = "atrial_fibrillation";
const RBBB = "right_bundle_branch_block";

function having(...codes) {
  return codes.reduce((content, code) => labels.add(content, code, catalog), labels.blank());
}

test("undo goes back step by step", () => {
  let history = begin(labels.blank());
  history = step(history, having(AF));
  history = step(history, having(AF, RBBB));
  assert.deepEqual(undo(history).present, having(AF));
  assert.deepEqual(undo(undo(history)).present, labels.blank());
});

test("there is nothing to undo at the start", () => {
  const history = begin(labels.blank());
  assert.equal(undo(history), history);
});

test("typing a comment is one step", () => {
  let history = begin(labels.blank());
  for (const comment of ["n", "no", "noi", "noisy"])
    history = step(history, labels.setComment(history.present, comment));
  assert.equal(undo(history).present.comment, "");
});

test("a change without effect is not a step", () => {
  const history = begin(having(AF));
  assert.equal(step(history, having(AF)), history);
});
