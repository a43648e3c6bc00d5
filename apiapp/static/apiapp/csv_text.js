/** CSV as RFC 4180 has it: what our own server writes and reads. */

/** @param {string} text @returns {string[][]} */
export function rowsOf(text) {
  const rows = [];
  let row = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (cell.lastIndex < text.length) {
    const [, quoted, plain, end] = cell.exec(text) ?? [];
    if (end === undefined) break; // a quote that is never closed
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") {
      if (cell.lastIndex === text.length) row.push("");
      else continue;
    }
    rows.push(row);
    row = [];
  }
  if (row.length) rows.push(row);
  return rows;
}

/** @param {string[][]} rows */
export function csvOf(rows) {
  return rows.map((row) => `${row.map(quotedCell).join(",")}\r\n`).join("");
}

function quotedCell(value) {
  return `"${value.replaceAll('"', '""')}"`;
}
