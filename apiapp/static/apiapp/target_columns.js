/** Where the columns of a file go in a table that is there: to its own, to a new one, or nowhere. */

import { NUMERIC, TYPES } from "./column_types.js";
import { button, element } from "../site/elements.js";
import { gettext, ngettext } from "../site/i18n.js";

const SKIP = "skip ";
const ADD = "add "; // no column's name has a space

const BY = {
  name: gettext("by its name"),
  remembered: gettext("as you chose before"),
  similar: gettext("looks alike: check it"),
};

export class TargetColumns {
  #proposed;
  #known;
  #targets; // { column, by } for each: a name, SKIP, ADD, or "" where none is chosen
  #onChange;
  #selects = new Map();

  /**
   * @param {ColumnSpec[]} proposed
   * @param {Dataset} dataset
   * @param {Array<{ column: string, by: string }>} targets as the server proposes them
   * @param {() => void} onChange
   */
  constructor(proposed, dataset, targets, onChange) {
    this.#proposed = proposed;
    this.#known = dataset.columns;
    this.#targets = targets.map(({ column, by }) => ({
      column: column || (by === "remembered" ? SKIP : ""),
      by,
    }));
    this.#onChange = onChange;
  }

  get length() {
    return this.#proposed.length;
  }

  get count() {
    return this.#targets.filter(({ column }) => column && column !== SKIP).length;
  }

  get asked() {
    return this.#targets.map(({ column }, at) => {
      if (column === SKIP) return { skip: true };
      const { label, type } = this.#proposed[at];
      return column === ADD ? { label, type, add: true } : { name: column };
    });
  }

  showChecked() {} // a dry run tells: the table's own conditions count

  isNumeric(at) {
    const { column } = this.#targets[at];
    const type = column === ADD
      ? this.#proposed[at].type
      : this.#known.find(({ name }) => name === column)?.type;
    return NUMERIC.has(type);
  }

  fields(at) {
    const { label, type } = this.#proposed[at];
    const { column: chosen, by } = this.#targets[at];
    const known = this.#known.map(({ name, label: words, type: kind }) => [name, `${words} (${TYPES[kind]})`]);
    const others = [
      [ADD, gettext("a new column ({type})", { type: TYPES[type] })],
      [SKIP, gettext("leave it out")],
    ];
    const options = [["", gettext("choose a column")], ...known, ...others].map(([value, words]) =>
      element("option", { value, selected: value === chosen }, words),
    );
    const how = element("small", { class: `by ${by}` }, BY[by] ?? "");
    const target = element("select", {
      required: true,
      "aria-label": gettext("Where “{label}” goes", { label }),
      onchange: (event) => {
        this.#targets[at] = { column: event.target.value, by: "" };
        how.textContent = "";
        this.#onChange();
      },
    }, options);
    this.#selects.set(at, target);
    return [element("span", { class: "file-label" }, label), target, how];
  }

  /** What has no place yet, what the file lacks, and what to do about it. @returns {HTMLElement[]} */
  notes() {
    const open = this.#targets.filter(({ column }) => !column).length;
    const given = new Set(this.#targets.map(({ column }) => column));
    const missing = this.#known.filter(({ name }) => !given.has(name));
    const required = missing.filter((each) => each.required);
    return [
      open ? this.#openNote(open) : null,
      required.length
        ? element("p", { class: "note warn" }, gettext("The table requires what the file does not have: {names}.", { names: namesOf(required) }))
        : null,
      missing.length > required.length
        ? element("p", { class: "muted small" }, gettext("Not in the file: {names}.", { names: namesOf(missing.filter((each) => !each.required)) }))
        : null,
    ].filter(Boolean);
  }

  #openNote(count) {
    const words = ngettext(
      "{count} column of the file has no place in the table.",
      "{count} columns of the file have no place in the table.",
      count,
    );
    return element(
      "p",
      { class: "note warn" },
      words,
      " ",
      button(gettext("Add to the table"), () => this.#placeAll(ADD), { class: "quiet small" }),
      " ",
      button(gettext("Leave out"), () => this.#placeAll(SKIP), { class: "quiet small" }),
    );
  }

  #placeAll(column) {
    this.#targets.forEach((target, at) => {
      if (target.column) return;
      this.#targets[at] = { column, by: "" };
      const select = this.#selects.get(at);
      if (select) select.value = column;
    });
    this.#onChange();
  }
}

function namesOf(columns) {
  return columns.map(({ label }) => label).join(", ");
}

/** The dataset that takes most of the columns; the first of them among equals. */
export function bestFit(proposed, datasets) {
  const fits = ({ columns }) => proposed.filter((column) => hasPlace(column, columns)).length;
  return datasets.reduce((best, each) => (fits(each) > fits(best) ? each : best));
}

function hasPlace(column, known) {
  const label = column.label.toLowerCase();
  return known.some((each) => each.name === column.name || each.label.toLowerCase() === label);
}
