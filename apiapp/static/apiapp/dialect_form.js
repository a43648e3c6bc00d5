/** How the file is read, in one line that opens when something looks wrong. */

import { element, field } from "./elements.js";
import { gettext } from "./i18n.js";

const DELIMITERS = {
  ",": gettext("comma (,)"),
  ";": gettext("semicolon (;)"),
  "\t": gettext("tab"),
  "|": gettext("bar (|)"),
};

export class DialectForm {
  #dialect;
  #onChange;
  #summary = element("summary");

  /** @param {Dialect} dialect as sniffed @param {(dialect: Dialect) => void} onChange */
  constructor(dialect, onChange) {
    this.#dialect = { ...dialect };
    this.#onChange = onChange;
    this.root = element(
      "details",
      { class: "dialect" },
      this.#summary,
      element("div", { class: "fields" }, this.#delimiterField(), this.#headerField()),
    );
    this.#describe();
  }

  #describe() {
    const { encoding, delimiter, has_header: hasHeader } = this.#dialect;
    const parts = [
      encoding.toUpperCase(),
      gettext("separated by {delimiter}", { delimiter: DELIMITERS[delimiter] ?? delimiter }),
      hasHeader ? gettext("names in the first line") : gettext("no names in the first line"),
    ];
    this.#summary.textContent = gettext("Read as: {how}", { how: parts.join(" · ") });
  }

  #delimiterField() {
    const options = Object.entries(DELIMITERS).map(([value, label]) =>
      element("option", { value, selected: value === this.#dialect.delimiter }, label),
    );
    const select = element(
      "select",
      { onchange: (event) => this.#change("delimiter", event.target.value) },
      options,
    );
    return field(gettext("Cells are separated by"), select);
  }

  #headerField() {
    const choices = [
      ["yes", gettext("the names of the columns")],
      ["no", gettext("data already")],
    ];
    const options = choices.map(([value, label]) =>
      element("option", { value, selected: (value === "yes") === this.#dialect.has_header }, label),
    );
    const select = element(
      "select",
      { onchange: (event) => this.#change("has_header", event.target.value === "yes") },
      options,
    );
    return field(gettext("The first line has"), select);
  }

  #change(field, value) {
    this.#dialect[field] = value;
    this.#describe();
    this.#onChange({ ...this.#dialect });
  }
}
