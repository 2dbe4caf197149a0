// The classes as a tree of groups, and how the keyboard moves in it (ARIA APG, tree view). Pure.
//
// A tree is `{groups: [{code, name, classes: [{code, name}]}], open: Set of group codes, at: id}`. Ids are
// "group:CODE" and "class:CODE".

import { plain } from "../../fold_case.js";

/** The groups of `classes` in their order, all closed, with the first group at hand. */
export function plant(classes, { groupName, className }) {
  const groups = [];
  for (const one of classes) {
    if (groups.at(-1)?.code !== one.group)
      groups.push({ code: one.group, name: groupName(one.code), classes: [] });
    groups.at(-1).classes.push({ code: one.code, name: className(one.code) });
  }
  return { groups, open: new Set(), at: groups.length > 0 ? groupId(groups[0]) : null };
}

export function groupId({ code }) {
  return `group:${code}`;
}

export function classId({ code }) {
  return `class:${code}`;
}

/** What can be seen, in order: `{id, name, level, group, code?}`; `code` belongs to a class. */
export function visible(tree) {
  return tree.groups.flatMap((group) => [
    { id: groupId(group), name: group.name, level: 1, group: group.code },
    ...(tree.open.has(group.code)
      ? group.classes.map((one) => ({ ...one, id: classId(one), level: 2, group: group.code }))
      : []),
  ]);
}

export function isOpen(tree, group) {
  return tree.open.has(group);
}

/** Open a group, or close it; whoever stood inside stands on the group then. */
export function toggle(tree, group) {
  return tree.open.has(group) ? shut(tree, group) : { ...tree, open: new Set([...tree.open, group]) };
}

/** Show the class `code` and stand on it. */
export function reveal(tree, code) {
  const group = tree.groups.find(({ classes }) => classes.some((one) => one.code === code));
  return group ? { ...tree, open: new Set([...tree.open, group.code]), at: classId({ code }) } : tree;
}

/** Stand on `id`. */
export function stand(tree, id) {
  return { ...tree, at: id };
}

/** The tree after `key`, or null when the key means nothing to a tree. */
export function press(tree, key) {
  const rows = visible(tree);
  const i = rows.findIndex(({ id }) => id === tree.at);
  const to = (j) => stand(tree, rows[Math.max(0, Math.min(rows.length - 1, j))].id);
  if (key === "ArrowDown") return to(i + 1);
  if (key === "ArrowUp") return to(i - 1);
  if (key === "Home") return to(0);
  if (key === "End") return to(rows.length - 1);
  if (key === "ArrowRight") return goRight(tree, rows[i], () => to(i + 1));
  if (key === "ArrowLeft") return goLeft(tree, rows[i]);
  if (key === "*") return { ...tree, open: new Set(tree.groups.map(({ code }) => code)) };
  return key.length === 1 && key.trim() ? search(tree, rows, i, key) : null;
}

/** Open a closed group; from an open one go in; a class has nothing to its right. */
function goRight(tree, row, goIn) {
  if (row.level === 2) return tree;
  return tree.open.has(row.group) ? goIn() : toggle(tree, row.group);
}

/** Close an open group; from a class go out to its group. */
function goLeft(tree, row) {
  if (row.level === 2) return stand(tree, groupId({ code: row.group }));
  return tree.open.has(row.group) ? shut(tree, row.group) : tree;
}

function shut(tree, group) {
  const open = new Set(tree.open);
  open.delete(group);
  const closed = { ...tree, open };
  return visible(closed).some(({ id }) => id === tree.at) ? closed : stand(closed, groupId({ code: group }));
}

/** The next row that begins with the letter, from the top again after the last. */
function search(tree, rows, i, letter) {
  const begins = ({ name }) => plain(name).startsWith(plain(letter));
  const found = [...rows.slice(i + 1), ...rows.slice(0, i + 1)].find(begins);
  return found ? stand(tree, found.id) : tree;
}
