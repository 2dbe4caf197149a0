// The classes as a tree of groups, and keyboard navigation in it (ARIA APG, tree view). Pure.
//
// IDs are "group:CODE" and "class:CODE".

import { foldCase } from "../../texts.js";

/** @import { DiagnosticClass } from "../types.js" */

/** @typedef {{code: string, name: string}} ClassNode */

/** @typedef {ClassNode & {classes: ClassNode[]}} Group */

/**
 * @typedef {{groups: Group[], open: Set<string>, at: string | null}} Tree `open` has codes of groups; `at`
 *   is the ID of the current row
 */

/**
 * @typedef {{id: string, name: string, level: number, group: string, code?: string}} Row `code` is set for
 *   classes
 */

/**
 * Create the tree with all groups closed and the first group as the current row.
 *
 * @param {DiagnosticClass[]} classes
 * @param {{groupName: (code: string) => string, className: (code: string) => string}} names
 * @returns {Tree}
 */
export function createTree(classes, { groupName, className }) {
  /** @type {Group[]} */
  const groups = [];
  for (const one of classes) {
    let group = groups.at(-1);
    if (group?.code !== one.group) {
      group = { code: one.group, name: groupName(one.code), classes: [] };
      groups.push(group);
    }
    group.classes.push({ code: one.code, name: className(one.code) });
  }
  return { groups, open: new Set(), at: groups.length > 0 ? groupId(groups[0]) : null };
}

/** @param {{code: string}} group */
export function groupId({ code }) {
  return `group:${code}`;
}

/** @param {{code: string}} one */
export function classId({ code }) {
  return `class:${code}`;
}

/**
 * Return the visible rows in order.
 *
 * @param {Tree} tree
 * @returns {Row[]}
 */
export function visible(tree) {
  return tree.groups.flatMap((group) => [
    { id: groupId(group), name: group.name, level: 1, group: group.code },
    ...(tree.open.has(group.code)
      ? group.classes.map((one) => ({ ...one, id: classId(one), level: 2, group: group.code }))
      : []),
  ]);
}

/**
 * @param {Tree} tree
 * @param {string} group
 */
export function isOpen(tree, group) {
  return tree.open.has(group);
}

/**
 * Open or close a group. If the current row is a class in a group that closes, move to the group.
 *
 * @param {Tree} tree
 * @param {string} group
 * @returns {Tree}
 */
export function toggle(tree, group) {
  return tree.open.has(group) ? close(tree, group) : { ...tree, open: new Set([...tree.open, group]) };
}

/**
 * Open the group of the class `code` and move to the class.
 *
 * @param {Tree} tree
 * @param {string} code
 * @returns {Tree}
 */
export function reveal(tree, code) {
  const group = tree.groups.find(({ classes }) => classes.some((one) => one.code === code));
  return group ? { ...tree, open: new Set([...tree.open, group.code]), at: classId({ code }) } : tree;
}

/**
 * @param {Tree} tree
 * @param {string} id
 * @returns {Tree}
 */
export function moveTo(tree, id) {
  return { ...tree, at: id };
}

/**
 * Return the tree after `key`, or null if the key does nothing in a tree.
 *
 * @param {Tree} tree
 * @param {string} key
 * @returns {Tree | null}
 */
export function press(tree, key) {
  const rows = visible(tree);
  const i = rows.findIndex(({ id }) => id === tree.at);
  /** @param {number} j */
  const to = (j) => moveTo(tree, rows[Math.max(0, Math.min(rows.length - 1, j))].id);
  if (key === "ArrowDown") return to(i + 1);
  if (key === "ArrowUp") return to(i - 1);
  if (key === "Home") return to(0);
  if (key === "End") return to(rows.length - 1);
  if (key === "ArrowRight") return goRight(tree, rows[i], () => to(i + 1));
  if (key === "ArrowLeft") return goLeft(tree, rows[i]);
  if (key === "*") return { ...tree, open: new Set(tree.groups.map(({ code }) => code)) };
  return key.length === 1 && key.trim() ? search(tree, rows, i, key) : null;
}

/**
 * Open a closed group, or move from an open group to its first class.
 *
 * @param {Tree} tree
 * @param {Row} row
 * @param {() => Tree} goIn
 */
function goRight(tree, row, goIn) {
  if (row.level === 2) return tree;
  return tree.open.has(row.group) ? goIn() : toggle(tree, row.group);
}

/**
 * Close an open group, or move from a class to its group.
 *
 * @param {Tree} tree
 * @param {Row} row
 */
function goLeft(tree, row) {
  if (row.level === 2) return moveTo(tree, groupId({ code: row.group }));
  return tree.open.has(row.group) ? close(tree, row.group) : tree;
}

/**
 * @param {Tree} tree
 * @param {string} group
 * @returns {Tree}
 */
function close(tree, group) {
  const open = new Set(tree.open);
  open.delete(group);
  const closed = { ...tree, open };
  return visible(closed).some(({ id }) => id === tree.at) ? closed : moveTo(closed, groupId({ code: group }));
}

/**
 * Move to the next row whose name starts with the letter, wrapping around at the end.
 *
 * @param {Tree} tree
 * @param {Row[]} rows
 * @param {number} i
 * @param {string} letter
 */
function search(tree, rows, i, letter) {
  /** @param {Row} row */
  const begins = ({ name }) => foldCase(name).startsWith(foldCase(letter));
  const next = [...rows.slice(i + 1), ...rows.slice(0, i + 1)].find(begins);
  return next ? moveTo(tree, next.id) : tree;
}
