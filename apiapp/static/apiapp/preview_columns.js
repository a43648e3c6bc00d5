/** What the columns of a file become: those of a new table, or ones that a table has already. */

import { NUMERIC, TYPES } from "./column_types.js";
import { element } from "./elements.js";
import { gettext } from "./i18n.js";

/** Columns of a new table: each has a name and a type that can be changed. */
export class NewColumns {
  #columns;

  /** @param {ColumnSpec[]} proposed */
  constructor(proposed) {
    this.#columns = proposed.map(({ label, type }) => ({ label, type }));
  }

  get length() {
    return this.#columns.length;
  }

  /** What to ask of POST /api/import, in the file's order. */
  get asked() {
    return this.#columns.map(({ label, type }) => ({ label: label.trim(), type }));
  }

  isNumeric(at) {
    return NUMERIC.has(this.#columns[at].type);
  }

  /** The fields above column `at`. @returns {HTMLElement[]} */
  fields(at) {
    const column = this.#columns[at];
    const number = String(at + 1);
    const label = element("input", {
      value: column.label,
      required: true,
      maxlength: "300",
      "aria-label": gettext("Name of column {number}", { number }),
      oninput: (event) => { column.label = event.target.value; },
    });
    const options = Object.entries(TYPES).map(([value, words]) =>
      element("option", { value, selected: value === column.type }, words),
    );
    const type = element("select", {
      "aria-label": gettext("Type of column {number}", { number }),
      onchange: (event) => { column.type = event.target.value; },
    }, options);
    return [label, type];
  }
}

/** Columns of a table that is there: for each of the file one is chosen. */
export class TargetColumns {
  #labels;
  #known;
  #targets; // names in the table; "" where none fits

  /** @param {ColumnSpec[]} proposed @param {Dataset} dataset */
  constructor(proposed, dataset) {
    this.#labels = proposed.map(({ label }) => label);
    this.#known = dataset.columns;
    this.#targets = proposed.map((column) => fitting(column, dataset.columns)?.name ?? "");
  }

  get length() {
    return this.#labels.length;
  }

  get asked() {
    return this.#targets.map((name) => ({ name }));
  }

  isNumeric(at) {
    return NUMERIC.has(this.#known.find(({ name }) => name === this.#targets[at])?.type);
  }

  fields(at) {
    const label = this.#labels[at];
    const options = this.#known.map(({ name, label: words, type }) =>
      element("option", { value: name, selected: name === this.#targets[at] }, `${words} (${TYPES[type]})`),
    );
    const nothing = element(
      "option", { value: "", selected: !this.#targets[at] }, gettext("choose a column"),
    );
    const target = element("select", {
      required: true,
      "aria-label": gettext("Where “{label}” goes", { label }),
      onchange: (event) => { this.#targets[at] = event.target.value; },
    }, nothing, options);
    return [element("span", { class: "file-label" }, label), target];
  }
}

/** The dataset that takes most of the columns; the first of them among equals. */
export function bestFit(proposed, datasets) {
  const fits = ({ columns }) => proposed.filter((column) => fitting(column, columns)).length;
  return datasets.reduce((best, each) => (fits(each) > fits(best) ? each : best));
}

function fitting(column, known) {
  const label = column.label.toLowerCase();
  return known.find(({ name }) => name === column.name)
    ?? known.find((each) => each.label.toLowerCase() === label);
}
