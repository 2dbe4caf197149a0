import assert from "node:assert/strict";
import { test } from "node:test";

import { ReaderStore } from "../../../../static/js/desk/storage/reader_store.js";
import { BackupStore } from "../../../../static/js/desk/storage/backup_store.js";
import { FakeStorage } from "../../fakes/desk.js";

/** A backup that outlives the storage. */
class FakeBackup {
  items = new Map();
  put = (name, text) => this.items.set(name, text);
  remove = (name) => this.items.delete(name);
  entries = async (prefix) => [...this.items].filter(([name]) => name.startsWith(prefix));
}

test("recovers what the storage lost when the browser was killed", async () => {
  const backup = new FakeBackup();
  const before = new ReaderStore(new FakeStorage(), "ana", backup);
  before.write("outbox/key-1", { key: "key-1" });
  before.write("draft/7", { version: 2 });
  const after = new ReaderStore(new FakeStorage(), "ana", backup);
  await after.recover();
  assert.deepEqual([after.read("outbox/key-1"), after.read("draft/7")], [{ key: "key-1" }, { version: 2 }]);
});

for (const name of ["outbox/k", "draft/7", "saved/7", "correction/7/r", "second/7", "viewing/k"]) {
  test(`${name.split("/")[0]} entries survive a killed browser`, async () => {
    const backup = new FakeBackup();
    new ReaderStore(new FakeStorage(), "ana", backup).write(name, { of: "ana" });
    const after = new ReaderStore(new FakeStorage(), "ana", backup);
    await after.recover();
    assert.deepEqual(after.read(name), { of: "ana" });
  });
}

test("removed work does not come back", async () => {
  const backup = new FakeBackup();
  const before = new ReaderStore(new FakeStorage(), "ana", backup);
  before.write("draft/7", { version: 2 });
  before.remove("draft/7");
  const after = new ReaderStore(new FakeStorage(), "ana", backup);
  await after.recover();
  assert.equal(after.read("draft/7"), null);
});

test("another reader of the same computer recovers nothing", async () => {
  const backup = new FakeBackup();
  new ReaderStore(new FakeStorage(), "ana", backup).write("draft/7", {});
  const other = new ReaderStore(new FakeStorage(), "bruno", backup);
  await other.recover();
  assert.deepEqual(other.names("draft/"), []);
});

test("settings have no backup copy", () => {
  const backup = new FakeBackup();
  new ReaderStore(new FakeStorage(), "ana", backup).write("sheet", {});
  assert.equal(backup.items.size, 0);
});

test("works without a backup", async () => {
  const store = new ReaderStore(new FakeStorage(), "ana");
  store.write("draft/7", { version: 1 });
  await store.recover();
  assert.deepEqual(store.read("draft/7"), { version: 1 });
});

/** A storage that has no space left. */
function fullStorage() {
  const storage = new FakeStorage();
  storage.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  return storage;
}

test("an older copy does not overwrite newer work", async () => {
  const backup = new FakeBackup();
  const storage = new FakeStorage();
  let now = 1;
  const store = new ReaderStore(storage, "ana", backup, () => now);
  store.write("draft/7", { version: 1 });
  backup.put = () => {}; // the newer copy is lost
  now = 2;
  store.write("draft/7", { version: 2 });
  await store.recover();
  assert.deepEqual(store.read("draft/7"), { version: 2 });
});

test("a newer copy replaces older work", async () => {
  const backup = new FakeBackup();
  const storage = new FakeStorage();
  new ReaderStore(storage, "ana", null, () => 1).write("draft/7", { version: 1 });
  new ReaderStore(new FakeStorage(), "ana", backup, () => 2).write("draft/7", { version: 2 });
  const store = new ReaderStore(storage, "ana", backup);
  await store.recover();
  assert.deepEqual(store.read("draft/7"), { version: 2 });
});

test("work stored without a time is still read, and a copy with a time replaces it", async () => {
  const storage = new FakeStorage();
  const backup = new FakeBackup();
  storage.setItem("ecg-review/ana/saved/7", "3");
  storage.setItem("ecg-review/ana/draft/7", JSON.stringify({ version: 1 }));
  new ReaderStore(new FakeStorage(), "ana", backup).write("draft/7", { version: 2 });
  const store = new ReaderStore(storage, "ana", backup);
  assert.deepEqual([store.read("saved/7"), store.read("draft/7")], [3, { version: 1 }]);
  await store.recover();
  assert.deepEqual(store.read("draft/7"), { version: 2 });
});

test("the desk starts when storage is full", async () => {
  const backup = new FakeBackup();
  new ReaderStore(new FakeStorage(), "ana", backup).write("draft/7", {});
  await new ReaderStore(fullStorage(), "ana", backup).recover();
});

test("the desk starts when the backup fails", async () => {
  const backup = new FakeBackup();
  backup.entries = async () => {
    throw new DOMException("closing", "InvalidStateError");
  };
  await new ReaderStore(new FakeStorage(), "ana", backup).recover();
});

test("a browser that forbids IndexedDB has no backup", async () => {
  const factory = {
    open: () => {
      throw new DOMException("insecure", "SecurityError");
    },
  };
  const backup = new BackupStore(factory, "ecg-review");
  await backup.put("draft/7", "{}");
  assert.deepEqual(await backup.entries(""), []);
});
