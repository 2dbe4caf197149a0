// Keyboard navigation in the matrix of readers: it is one tab stop, and arrow keys move between pairs.

import { closestTo, findAll } from "../dom.js";

/** @typedef {{row: number, column: number}} Place */

/**
 * Return the nearest cell with a link in the direction of an arrow key, or null if the key is not an arrow
 * or there is no such cell.
 *
 * @param {string} key
 * @param {Place} place
 * @param {(at: Place) => boolean | null} hasLink returns null beyond the edge of the table
 * @returns {Place | null}
 */
export function reached(key, { row, column }, hasLink) {
  /** @type {Record<string, [number, number]>} */
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  if (!(key in steps)) return null;
  const [down, right] = steps[key];
  for (
    let at = { row: row + down, column: column + right };
    ;
    at = { row: at.row + down, column: at.column + right }
  ) {
    const isLink = hasLink(at);
    if (isLink === null) return null; // beyond the edge
    if (isLink) return at;
  }
}

/** @param {HTMLTableElement} table */
function bind(table) {
  /**
   * @param {Place} place
   * @returns {HTMLAnchorElement | null | undefined}
   */
  const link = ({ row, column }) => table.rows[row]?.cells[column]?.querySelector("a[data-cell]");
  /** @param {Place} at */
  const hasLink = (at) => (table.rows[at.row]?.cells[at.column] ? Boolean(link(at)) : null);
  const links = findAll(table, "a[data-cell]");
  for (const [place, one] of links.entries()) one.tabIndex = place ? -1 : 0;
  table.addEventListener("keydown", (event) => {
    const cell = /** @type {HTMLTableCellElement | null} */ (closestTo(event, "td"));
    const row = cell?.closest("tr");
    if (!cell || !row || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = reached(event.key, { row: row.rowIndex, column: cell.cellIndex }, hasLink);
    const target = at && link(at);
    if (!target) return;
    event.preventDefault();
    /** @type {HTMLElement} */ (event.target).tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
  });
}

if (typeof document !== "undefined") findAll(document, "[data-part=matrix]", HTMLTableElement).forEach(bind);
