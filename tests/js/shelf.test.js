import assert from "node:assert/strict";
import { test } from "node:test";

import { Shelf } from "../../static/js/shelf.js";
import { FakeStorage } from "./fakes/world.js";

/** A vault whose copy outlives the storage. */
class FakeVault {
  kept = new Map();
  put = (name, text) => this.kept.set(name, text);
  remove = (name) => this.kept.delete(name);
  entries = async (beginning) => [...this.kept].filter(([name]) => name.startsWith(beginning));
}

test("what the storage lost when the browser was killed is taken back", async () => {
  const vault = new FakeVault();
  const before = new Shelf(new FakeStorage(), "ana", vault);
  before.write("outbox/key-1", { key: "key-1" });
  before.write("draft/7", { version: 2 });
  const after = new Shelf(new FakeStorage(), "ana", vault);
  await after.recover();
  assert.deepEqual([after.read("outbox/key-1"), after.read("draft/7")], [{ key: "key-1" }, { version: 2 }]);
});

test("what was done with does not come back", async () => {
  const vault = new FakeVault();
  const before = new Shelf(new FakeStorage(), "ana", vault);
  before.write("draft/7", { version: 2 });
  before.remove("draft/7");
  const after = new Shelf(new FakeStorage(), "ana", vault);
  await after.recover();
  assert.equal(after.read("draft/7"), null);
});

test("another reader of the same computer takes nothing back", async () => {
  const vault = new FakeVault();
  new Shelf(new FakeStorage(), "ana", vault).write("draft/7", {});
  const other = new Shelf(new FakeStorage(), "bruno", vault);
  await other.recover();
  assert.deepEqual(other.names("draft/"), []);
});

test("settings have one copy", () => {
  const vault = new FakeVault();
  new Shelf(new FakeStorage(), "ana", vault).write("sheet", {});
  assert.equal(vault.kept.size, 0);
});

test("a browser without a vault keeps what it can", async () => {
  const shelf = new Shelf(new FakeStorage(), "ana");
  shelf.write("draft/7", { version: 1 });
  await shelf.recover();
  assert.deepEqual(shelf.read("draft/7"), { version: 1 });
});
