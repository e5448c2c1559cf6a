"use strict";
// Tables sort by a click on a heading; details open for print. The page loses nothing without this.
function sortKey(row, column) {
  const cell = row.cells[column];
  if (cell.dataset.sort === undefined) return cell.textContent.trim();
  return cell.dataset.sort === "" ? NaN : Number(cell.dataset.sort);
}
function byKey(one, other) {
  const missing = (key) => key === "" || Number.isNaN(key);
  if (missing(one.key) || missing(other.key)) return missing(one.key) - missing(other.key);
  if (typeof one.key === "number" && typeof other.key === "number") return one.sign * (one.key - other.key);
  return one.sign * String(one.key).localeCompare(String(other.key), "en", { numeric: true });
}
function sortTable(table, heading) {
  const descending = heading.getAttribute("aria-sort") === "ascending";
  const column = heading.cellIndex;
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({ row, key: sortKey(row, column), sign: descending ? -1 : 1 }));
  for (const { row } of rows.sort(byKey)) body.append(row);
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
}
for (const table of document.querySelectorAll("table.sortable")) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sortTable(table, heading));
    heading.append(button);
  }
}
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
