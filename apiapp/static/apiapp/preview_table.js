/** The first rows of a file under headers that can be edited: a name and a type each. */

import { NUMERIC, TYPES } from "./column_types.js";
import { button, element, scrollBox } from "./elements.js";
import { gettext, ngettext } from "./i18n.js";

/** Of a file with thousands of columns only these are drawn unasked. */
const DRAWN_COLUMNS = 100;

export class PreviewTable {
  #columns; // as asked for so far
  #rows;
  root = element("div");

  /** @param {{ columns: ColumnSpec[], rows: string[][] }} preview */
  constructor({ columns, rows }) {
    this.#columns = columns.map(({ label, type }) => ({ label, type }));
    this.#rows = rows;
    this.#draw(Math.min(columns.length, DRAWN_COLUMNS));
  }

  /** @returns {Array<{label: string, type: string}>} in the file's order */
  get columns() {
    return this.#columns;
  }

  #draw(count) {
    const drawn = this.#columns.slice(0, count);
    const head = element("tr", {}, element("td", {}, ""), drawn.map((_, at) => this.#header(at)));
    const body = this.#rows.map((row, at) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, String(at + 1)),
        drawn.map((column, index) => cell(row[index], column.type)),
      ),
    );
    const box = scrollBox(
      gettext("The first rows of the file"),
      element("table", {}, element("thead", {}, head), element("tbody", {}, body)),
    );
    box.classList.add("preview-table");
    this.root.replaceChildren(box, ...this.#rest(count));
  }

  #rest(count) {
    const left = this.#columns.length - count;
    if (!left) return [];
    const words = ngettext(
      "{count} more column is imported as proposed.",
      "{count} more columns are imported as proposed.",
      left,
    );
    const show = button(gettext("Show them"), () => this.#draw(this.#columns.length), { class: "plain" });
    return [element("p", { class: "muted small" }, words, " ", show)];
  }

  #header(at) {
    const column = this.#columns[at];
    const number = String(at + 1);
    const label = element("input", {
      value: column.label,
      required: true,
      maxlength: "300",
      "aria-label": gettext("Name of column {number}", { number }),
      oninput: (event) => { column.label = event.target.value; },
    });
    const type = element(
      "select",
      {
        "aria-label": gettext("Type of column {number}", { number }),
        onchange: (event) => { column.type = event.target.value; },
      },
      Object.entries(TYPES).map(([value, words]) =>
        element("option", { value, selected: value === column.type }, words),
      ),
    );
    return element("th", { scope: "col" }, element("div", {}, label, type));
  }
}

function cell(value, type) {
  if (value === undefined || value === null || value === "") return element("td", { class: "nothing" }, "");
  const attributes = value.length > 40 ? { title: value.slice(0, 2000) } : {};
  return element("td", { class: NUMERIC.has(type) ? "number" : "", ...attributes }, value.slice(0, 200));
}
