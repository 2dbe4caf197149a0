import assert from "node:assert/strict";
import { test } from "node:test";

import { Shelf } from "../../static/js/desk/storage/reader_store.js";
import { Vault } from "../../static/js/desk/storage/backup_store.js";
import { FakeStorage } from "./fakes/desk.js";

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

/** A storage without room for anything more. */
function fullStorage() {
  const storage = new FakeStorage();
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  return storage;
}

test("an older copy does not come back over newer work", async () => {
  const vault = new FakeVault();
  const storage = new FakeStorage();
  let at = 1;
  const shelf = new Shelf(storage, "ana", vault, () => at);
  shelf.write("draft/7", { version: 1 });
  vault.put = () => {}; // the newer copy did not arrive
  at = 2;
  shelf.write("draft/7", { version: 2 });
  await shelf.recover();
  assert.deepEqual(shelf.read("draft/7"), { version: 2 });
});

test("a newer copy comes back over older work", async () => {
  const vault = new FakeVault();
  const storage = new FakeStorage();
  new Shelf(storage, "ana", null, () => 1).write("draft/7", { version: 1 });
  new Shelf(new FakeStorage(), "ana", vault, () => 2).write("draft/7", { version: 2 });
  const shelf = new Shelf(storage, "ana", vault);
  await shelf.recover();
  assert.deepEqual(shelf.read("draft/7"), { version: 2 });
});

test("work that was kept before its time was noted is still read, and gives way to what has a time", async () => {
  const storage = new FakeStorage();
  const vault = new FakeVault();
  storage.setItem("ecg-review/ana/saved/7", "3");
  storage.setItem("ecg-review/ana/draft/7", JSON.stringify({ version: 1 }));
  new Shelf(new FakeStorage(), "ana", vault).write("draft/7", { version: 2 });
  const shelf = new Shelf(storage, "ana", vault);
  assert.deepEqual([shelf.read("saved/7"), shelf.read("draft/7")], [3, { version: 1 }]);
  await shelf.recover();
  assert.deepEqual(shelf.read("draft/7"), { version: 2 });
});

test("a storage without room lets the desk start", async () => {
  const vault = new FakeVault();
  new Shelf(new FakeStorage(), "ana", vault).write("draft/7", {});
  await new Shelf(fullStorage(), "ana", vault).recover();
});

test("a vault that fails lets the desk start", async () => {
  const vault = new FakeVault();
  vault.entries = async () => {
    throw new DOMException("closing", "InvalidStateError");
  };
  await new Shelf(new FakeStorage(), "ana", vault).recover();
});

test("a browser that forbids a vault has none", async () => {
  const factory = {
    open: () => {
      throw new DOMException("insecure", "SecurityError");
    },
  };
  const vault = new Vault(factory, "ecg-review");
  await vault.put("draft/7", "{}");
  assert.deepEqual(await vault.entries(""), []);
});
