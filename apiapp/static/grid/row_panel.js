/** One row beside the grid, whole: on a phone a card of its own.  Also where a new row is written. */

import { NUMERIC } from "../apiapp/column_types.js";
import { withoutTurns } from "../site/bidi.js";
import { button, element } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { asText } from "./cell_words.js";
import { inputFor, isSame, valueIn } from "./cell_inputs.js";

const MEANWHILE = 412;

/** Fires "step" (detail: -1 or 1), "saved" and "added" (detail: the row), "delete" (detail: its number), "closed". */
export class RowPanel extends EventTarget {
  #place;
  #edits;
  #mayEdit;
  #columns = [];
  #row = null;
  #problem = element("p", { class: "note bad", role: "alert", hidden: true });

  /** @param {HTMLElement} place hidden while nothing is open @param {RowEdits} edits */
  constructor(place, edits, mayEdit) {
    super();
    this.#place = place;
    this.#edits = edits;
    this.#mayEdit = mayEdit;
    place.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen() {
    return !this.#place.hidden;
  }

  /** @param {Record<string, any>} row @param {ColumnSpec[]} columns in the order they are shown */
  show(row, columns, { hasFocus = true } = {}) {
    this.#columns = columns;
    this.#row = row;
    const title = gettext("Row {number}", { number: figures.number(row._id) });
    this.#open(title, this.#steps(), this.#values(), this.#mayEdit && this.#actions());
    if (hasFocus) this.#place.querySelector("h2").focus();
  }

  /** @param {ColumnSpec[]} columns to be written into a new row */
  showNew(columns) {
    this.#columns = columns;
    this.#row = null;
    this.#open(gettext("New row"), null, this.#form({}, (values) => this.#add(values)), null);
    this.#place.querySelector("form").elements[0]?.focus();
  }

  close() {
    this.#place.hidden = true;
    this.#place.replaceChildren();
    this.dispatchEvent(new Event("closed"));
  }

  #open(title, steps, content, actions) {
    this.#problem.hidden = true;
    const close = button("×", () => this.close(), { class: "plain close", "aria-label": gettext("Close") });
    const head = element("div", { class: "panel-head" }, element("h2", { tabindex: "-1", id: "row-title" }, title), steps, close);
    this.#place.replaceChildren(head, this.#problem, content, actions || "");
    this.#place.hidden = false;
  }

  #steps() {
    const step = (sign, words, by) =>
      button(sign, () => this.#tell("step", by), { class: "quiet small", "aria-label": words, title: words });
    return element("span", { class: "actions" }, step("↑", gettext("Row before"), -1), step("↓", gettext("Next row"), 1));
  }

  #values() {
    const entries = this.#columns.map(({ name, label, type }) => {
      const text = withoutTurns(asText(this.#row[name], type));
      const kind = NUMERIC.has(type) ? "figure" : null;
      const shown = text || element("span", { class: "muted" }, this.#row[name] === null ? gettext("(empty)") : gettext("(no characters)"));
      return element("div", {}, element("dt", {}, label), element("dd", { class: kind }, shown));
    });
    return element("dl", { class: "row-values" }, entries);
  }

  #actions() {
    return element(
      "div",
      { class: "actions" },
      button(gettext("Edit"), () => this.#edit(), { class: "small" }),
      button(gettext("Delete row"), () => this.#tell("delete", this.#row._id), { class: "quiet small" }),
    );
  }

  async #edit() {
    try {
      this.#row = await this.#edits.fresh(this.#row._id);
    } catch (problem) {
      this.#refuse(problem);
      return;
    }
    const form = this.#form(this.#row, (values) => this.#save(values));
    this.#place.querySelector("dl").replaceWith(form);
    this.#place.querySelector(":scope > .actions")?.remove();
    form.elements[0]?.focus();
  }

  #form(row, keep) {
    const inputs = this.#columns.map((column) => [column, inputFor(column, row[column.name])]);
    const onsubmit = (event) => {
      event.preventDefault();
      this.#read(inputs, row, keep);
    };
    const cancel = () => (this.#row ? this.show(this.#row, this.#columns) : this.close());
    return element(
      "form",
      { class: "row-form", onsubmit },
      inputs.map(([column, input]) => labelled(column, input)),
      element(
        "div",
        { class: "actions" },
        element("button", { class: "small" }, this.#row ? gettext("Save") : gettext("Add the row")),
        button(gettext("Cancel"), cancel, { class: "quiet small" }),
      ),
    );
  }

  /** Hand over what differs from `row`. */
  #read(inputs, row, keep) {
    this.#problem.hidden = true;
    const values = {};
    for (const [column, input] of inputs) {
      setNote(input, "");
      try {
        const value = valueIn(input, column);
        const isUntouched = isSame(value, row[column.name]) || (value === null && row[column.name] === "");
        if (!isUntouched) values[column.name] = value;
      } catch {
        setNote(input, gettext("This is not JSON."));
        input.focus();
        return;
      }
    }
    keep(values);
  }

  async #save(values) {
    if (!Object.keys(values).length) {
      this.show(this.#row, this.#columns);
      return;
    }
    try {
      const row = await this.#edits.save(this.#row, values);
      this.show(row, this.#columns);
      this.#tell("saved", row);
    } catch (problem) {
      if (problem.status === MEANWHILE) await this.#lookAgain();
      else this.#refuse(problem);
    }
  }

  /** What was written stays in the form; what the row holds now is said at each field. */
  async #lookAgain() {
    const before = this.#row;
    this.#row = await this.#edits.fresh(before._id);
    for (const column of this.#columns) {
      const { name, type } = column;
      if (isSame(before[name], this.#row[name])) continue;
      const text = asText(this.#row[name], type) || gettext("(empty)");
      setNote(this.#inputOf(name), gettext("Somebody changed this meanwhile to: {value}", { value: text }));
    }
    this.#problem.textContent = gettext("Somebody changed this row meanwhile. Save again to write over it.");
    this.#problem.hidden = false;
  }

  async #add(values) {
    try {
      this.#tell("added", await this.#edits.add(values));
    } catch (problem) {
      this.#refuse(problem);
    }
  }

  #refuse(problem) {
    const unplaced = [];
    for (const [name, said] of Object.entries(problem.errors ?? {})) {
      const input = this.#inputOf(name);
      if (input) setNote(input, [said].flat(2)[0]);
      else unplaced.push([said].flat(2)[0]);
    }
    const isPlaced = Object.keys(problem.errors ?? {}).length > unplaced.length;
    this.#problem.textContent = isPlaced ? gettext("Some values do not fit.") : problem.message;
    this.#problem.hidden = false;
    this.#place.querySelector("[aria-invalid]")?.focus();
  }

  #inputOf(name) {
    return this.#place.querySelector(`form [name="${CSS.escape(name)}"]`);
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

let count = 0;

function labelled({ name, label, required }, input) {
  count += 1;
  const id = `row-field-${count}`;
  input.id = id;
  input.name = name;
  input.setAttribute("aria-describedby", `${id}-note`);
  const words = required ? `${label} *` : label;
  return element("div", { class: "field" }, element("label", { for: id }, words), input, element("p", { class: "field-note", id: `${id}-note`, hidden: true }));
}

function setNote(input, words) {
  const note = document.getElementById(`${input.id}-note`);
  note.textContent = words;
  note.hidden = !words;
  if (words) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}
