// The matrix of readers is one stop of the Tab key; arrows go from pair to pair.

/** The field that a key leads to from the field in `row` and `column`; null: none, or not a key of ours. */
export function reached(key, { row, column }, hasField) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  if (!(key in steps)) return null;
  const [down, right] = steps[key];
  for (
    let at = { row: row + down, column: column + right };
    ;
    at = { row: at.row + down, column: at.column + right }
  ) {
    const found = hasField(at);
    if (found === null) return null; // the edge
    if (found) return at;
  }
}

function bind(table) {
  const link = ({ row, column }) => table.rows[row]?.cells[column]?.querySelector("a[data-cell]");
  const hasField = (at) => (table.rows[at.row]?.cells[at.column] ? Boolean(link(at)) : null);
  const links = [...table.querySelectorAll("a[data-cell]")];
  for (const [place, one] of links.entries()) one.tabIndex = place ? -1 : 0;
  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = reached(event.key, { row: cell.parentElement.rowIndex, column: cell.cellIndex }, hasField);
    if (!at) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    link(at).tabIndex = 0;
    link(at).focus();
  });
}

if (typeof document !== "undefined") document.querySelectorAll("[data-part=matrix]").forEach(bind);
