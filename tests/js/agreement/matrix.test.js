import assert from "node:assert/strict";
import test from "node:test";

import { reached } from "../../../static/js/agreement/matrix.js";

// An x is a cell with a link, a dot one without.
const TABLE = ["....", "x...", "xx.."].map((row) => [...row]);
const hasLink = ({ row, column }) => (TABLE[row]?.[column] ? TABLE[row][column] === "x" : null);

test("an arrow key moves to the next link", () => {
  assert.deepEqual(reached("ArrowDown", { row: 1, column: 0 }, hasLink), { row: 2, column: 0 });
  assert.deepEqual(reached("ArrowRight", { row: 2, column: 0 }, hasLink), { row: 2, column: 1 });
});

test("the key does nothing where there is no further link", () => {
  assert.equal(reached("ArrowRight", { row: 1, column: 0 }, hasLink), null);
  assert.equal(reached("ArrowUp", { row: 1, column: 0 }, hasLink), null);
  assert.equal(reached("ArrowLeft", { row: 1, column: 0 }, hasLink), null);
});

test("other keys are ignored", () => {
  assert.equal(reached("Enter", { row: 1, column: 0 }, hasLink), null);
});
