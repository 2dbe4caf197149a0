import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const MAX_COLUMNS = 110;

const root = new URL("../../", import.meta.url);
const files = ["static/js/", "static/css/", "tests/js/", "bench/browser/"].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true })
    .filter((name) => /\.(js|css)$/.test(name))
    .map((name) => `${folder}${name}`),
);

// Prettier wraps code, but neither comments nor long strings.
test("every line of scripts and styles fits 110 columns", () => {
  const tooLong = files.flatMap((file) =>
    readFileSync(new URL(file, root), "utf8")
      .split("\n")
      .flatMap((line, i) => ([...line].length > MAX_COLUMNS ? [`${file}:${i + 1}`] : [])),
  );
  assert.deepEqual(tooLong, []);
});
