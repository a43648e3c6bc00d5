/** Which part of a file is read where there is a choice: a file of an archive, a sheet, a list. */

import { element, field } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

const FORMATS = {
  json: "JSON",
  jsonl: "JSON Lines",
  parquet: "Parquet",
  arrow: "Arrow",
  ods: "OpenDocument",
};
const JSON_FORMATS = new Set(["json", "jsonl"]);

export class PartForm {
  #dialect;
  #choices;
  #onChange;

  /**
   * @param {{ dialect: Dialect, choices: Object<string, string[]> }} preview
   * @param {(dialect: object, name: string) => void} onChange with what is to be read, and the
   *   name of the control that says so
   */
  constructor({ dialect, choices }, onChange) {
    this.#dialect = dialect;
    this.#choices = choices;
    this.#onChange = onChange;
    this.root = element("div", { class: "fields" }, this.#member(), this.#sheet(), this.#flatten());
    this.root.hidden = !this.root.children.length;
  }

  #member() {
    const label = gettext("File of the archive");
    return this.#select("member", label, (member) => ({ member }));
  }

  #sheet() {
    const isJson = JSON_FORMATS.has(this.#dialect.format);
    const label = isJson ? gettext("List with the rows") : gettext("Sheet");
    return this.#select("sheet", label, (sheet) => ({ ...this.#place, sheet }));
  }

  /** What leads to the part at hand; the rest is found out anew for another part. */
  get #place() {
    const { member } = this.#dialect;
    return member ? { member } : {};
  }

  #select(name, label, asked) {
    const names = this.#choices[name];
    if (!names) return null;
    const options = names.map((value) =>
      element("option", { value, selected: value === this.#dialect[name] }, value),
    );
    const onchange = ({ target }) => this.#onChange(asked(target.value), name);
    return field(label, element("select", { name, onchange }, options));
  }

  #flatten() {
    const { format, sheet, flatten } = this.#dialect;
    if (!JSON_FORMATS.has(format)) return null;
    const asked = (wanted) => ({ ...this.#place, ...(sheet ? { sheet } : {}), flatten: wanted });
    const box = element("input", {
      type: "checkbox",
      name: "flatten",
      checked: flatten,
      onchange: ({ target }) => this.#onChange(asked(target.checked), "flatten"),
    });
    return element("label", {}, box, gettext("Objects within rows become columns"));
  }
}

/** @param {string} format that is no text */
export function formatName(format) {
  return FORMATS[format] ?? `Excel (${format})`;
}
