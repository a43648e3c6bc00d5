/** How rows of a file meet those of a table that is there: the key, and what is done by case. */

import { element } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

/** In the order of their choice: mode -> words. */
export const MODES = {
  create: gettext("A new table"),
  append: gettext("Add to a table that is there"),
  replace: gettext("Replace the rows of a table"),
  upsert: gettext("Update a table by its key"),
};

const CASES = [
  ["insert_new", gettext("Insert rows that are new"), true],
  ["update_existing", gettext("Update rows that are there"), true],
  ["delete_missing", gettext("Delete rows that the file lacks"), false],
];

/** The fields of an upsert; hidden in every other mode. */
export class ImportRules {
  #key = element("fieldset", { class: "choices" });
  #cases = CASES.map(([name, words, checked]) => [
    name,
    element("input", { type: "checkbox", checked }),
    words,
  ]);
  root = element(
    "div",
    { hidden: true },
    this.#key,
    element(
      "fieldset",
      { class: "choices" },
      element("legend", {}, gettext("What happens to the rows")),
      this.#cases.map(([, box, words]) => element("label", {}, box, words)),
    ),
  );

  /** @param {string} mode @param {Dataset | undefined} dataset the one that is chosen */
  show(mode, dataset) {
    this.root.hidden = mode !== "upsert";
    if (this.root.hidden) return;
    const isSet = dataset.key.length > 0;
    const legend = isSet ? gettext("The key of this table") : gettext("Columns that tell its rows apart");
    const boxes = dataset.columns
      .filter(({ name, type }) => (isSet ? dataset.key.includes(name) : type !== "json"))
      .map(({ name, label }) => {
        const box = element("input", { type: "checkbox", value: name, checked: isSet, disabled: isSet });
        return element("label", {}, box, label);
      });
    this.#key.replaceChildren(element("legend", {}, legend), ...boxes);
  }

  /** What to ask of POST /api/import. */
  get asked() {
    if (this.root.hidden) return {};
    const chosen = [...this.#key.querySelectorAll("input:checked")];
    const cases = this.#cases.map(([name, box]) => [name, box.checked]);
    return { key: chosen.map(({ value }) => value), ...Object.fromEntries(cases) };
  }
}
