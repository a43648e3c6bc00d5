/** The first rows of a file, under the fields that say what its columns become. */

import { button, element, scrollBox } from "../site/elements.js";
import { gettext, ngettext } from "../site/i18n.js";

/** Of a file with thousands of columns only these are drawn unasked. */
const DRAWN_COLUMNS = 100;
const SHOWN_CHARS = 200;

export class PreviewTable {
  #columns;
  #rows;
  root = element("div");

  /** @param {NewColumns | TargetColumns} columns @param {string[][]} rows */
  constructor(columns, rows) {
    this.#columns = columns;
    this.#rows = rows;
    this.#draw(Math.min(columns.length, DRAWN_COLUMNS));
  }

  #draw(count) {
    const drawn = Array.from({ length: count }, (_, at) => at);
    const head = drawn.map((at) =>
      element("th", { scope: "col" }, element("div", {}, this.#columns.fields(at))),
    );
    const body = this.#rows.map((row, number) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, String(number + 1)),
        drawn.map((at) => cell(row[at] ?? "", this.#columns.isNumeric(at))),
      ),
    );
    const box = scrollBox(
      gettext("The first rows of the file"),
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, element("td", {}), head)),
        element("tbody", {}, body),
      ),
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
}

function cell(value, isNumeric) {
  const title = value.length > 40 ? value.slice(0, 2000) : null;
  return element("td", { class: isNumeric ? "number" : null, title }, value.slice(0, SHOWN_CHARS));
}
