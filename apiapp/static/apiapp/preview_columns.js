/** What the columns of a file become in a new table: named, typed, held to conditions, or left out. */

import { formsOf, ORDERED } from "./column_forms.js";
import { NUMERIC, TYPES } from "./column_types.js";
import { button, element, unseen } from "../site/elements.js";
import { gettext, ngettext } from "../site/i18n.js";

const LEFT_OUT = "";
const MATCHED = new Set(["text", "uuid"]);

export class NewColumns {
  #columns;
  #misfits = new Map(); // at -> where it is told how many cells do not fit
  #buttons = new Map(); // at -> what opens the conditions
  #onChange;
  #onConditions;

  /**
   * @param {ColumnSpec[]} proposed
   * @param {{ onChange: () => void, onConditions: (at: number) => void }} form
   */
  constructor(proposed, { onChange, onConditions }) {
    this.#columns = proposed.map(({ label, type, form, required, unique, conditions }) => ({
      label,
      type,
      form,
      required,
      unique,
      conditions,
    }));
    this.#onChange = onChange;
    this.#onConditions = onConditions;
  }

  get length() {
    return this.#columns.length;
  }

  /** How many are imported. */
  get count() {
    return this.#columns.filter(({ type }) => type !== LEFT_OUT).length;
  }

  /** What to ask of POST /api/import, in the file's order. */
  get asked() {
    return this.#columns.map(asWish);
  }

  /** The same with another wish for one column. */
  askedWith(at, column) {
    return this.#columns.map((each, index) => asWish(index === at ? column : each));
  }

  column(at) {
    return this.#columns[at];
  }

  set(at, column) {
    this.#columns[at] = column;
    const opener = this.#buttons.get(at);
    if (opener) opener.replaceChildren(...openerWords(column, at));
  }

  /** Every column of this label as of that type, whatever is in it. */
  makeType(label, type) {
    this.#columns.forEach((column, at) => {
      if (column.label === label) this.set(at, fitted({ ...column, type }));
    });
  }

  /** Whether a column of this label is to be of this type. */
  isOf(label, type) {
    return this.#columns.some((column) => column.label === label && column.type === type);
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
      oninput: (event) => { this.#columns[at].label = event.target.value; },
      onchange: () => this.#onChange(),
    });
    const types = { ...TYPES, [LEFT_OUT]: gettext("leave it out") };
    const options = Object.entries(types).map(([value, words]) =>
      element("option", { value, selected: value === column.type }, words),
    );
    const type = element("select", {
      "aria-label": gettext("Type of column {number}", { number }),
      onchange: (event) => this.#retype(at, event.target.value),
    }, options);
    return [label, type, this.#opener(at), this.#misfit(at)];
  }

  #retype(at, type) {
    this.set(at, fitted({ ...this.#columns[at], type }));
    this.#buttons.get(at).hidden = type === LEFT_OUT;
    this.#onChange();
  }

  #opener(at) {
    const column = this.#columns[at];
    const opener = button("", () => this.#onConditions(at), {
      class: "plain small conditions",
      "aria-haspopup": "dialog",
      hidden: column.type === LEFT_OUT,
    });
    opener.replaceChildren(...openerWords(column, at));
    this.#buttons.set(at, opener);
    return opener;
  }

  #misfit(at) {
    const told = element("small", { class: "misfit" });
    this.#misfits.set(at, told);
    return told;
  }

  /**
   * Take over what was found out, and tell above each column how many cells of the beginning would
   * be refused.
   *
   * @param {{ rows: number, cells: object[] }} checked
   * @param {ColumnSpec[]} found
   */
  showChecked({ rows, cells }, found) {
    this.#columns.forEach((column, at) => {
      const { type, form } = found[at];
      if (column.form === null && column.type === type) this.set(at, { ...column, form });
    });
    for (const [at, told] of this.#misfits) {
      const { label } = this.#columns[at];
      const count = cells
        .filter(({ column }) => column === label)
        .reduce((sum, each) => sum + each.count, 0);
      told.textContent = count
        ? ngettext("{count} of the first {rows} does not fit", "{count} of the first {rows} do not fit", count, { rows })
        : "";
    }
  }
}

function asWish({ label, type, form, required, unique, conditions }) {
  if (type === LEFT_OUT) return { skip: true };
  return { label: label.trim(), type, ...(form === null ? {} : { form }), required, unique, conditions };
}

/** Without what a column of its type cannot have; how its cells are written is to be found out. */
function fitted(column) {
  const { pattern, minimum, maximum, ...conditions } = column.conditions ?? {};
  return {
    ...column,
    form: formsOf(column.type).length ? null : "",
    conditions: {
      ...conditions,
      ...(MATCHED.has(column.type) && pattern ? { pattern } : {}),
      ...(ORDERED.has(column.type) ? present({ minimum, maximum }) : {}),
    },
  };
}

function present(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
}

function openerWords(column, at) {
  const number = String(at + 1);
  return [conditionWords(column), unseen(gettext(" of column {number}", { number }))];
}

function conditionWords({ required, unique, form, conditions = {} }) {
  const count = Boolean(required) + Boolean(unique) + Object.keys(conditions).length;
  if (count) return ngettext("{count} condition", "{count} conditions", count);
  return form ? gettext("Conditions, form") : gettext("Conditions");
}
