/** Where the rows of a file go: into a new table, or one that is there, and in which way. */

import { get } from "../site/api.js";
import { element, field } from "../site/elements.js";
import { gettext } from "../site/i18n.js";
import { MODES } from "./import_rules.js";
import { bestFit } from "./target_columns.js";

const OFFERED_DATASETS = 200;

export class ImportTarget {
  #onChange;
  #mode = "create";
  #choices = element("fieldset", { class: "choices", hidden: true });
  #title = element("input", { required: true, maxlength: "200" });
  #target = element("select", { onchange: () => this.#onChange() });
  #titleField = field(gettext("Name of the table"), this.#title);
  #targetField = field(gettext("Table"), this.#target);
  root = element(
    "div",
    {},
    this.#choices,
    element("div", { class: "fields" }, this.#titleField, this.#targetField),
  );

  datasets = [];

  /** @param {string} filename @param {() => void} onChange */
  constructor(filename, onChange) {
    this.#onChange = onChange;
    this.#title.value = titleFor(filename);
    this.#targetField.hidden = true;
  }

  /** Adding to a table is offered where there is one. @param {ColumnSpec[]} columns of the file */
  async offerDatasets(columns) {
    const found = await get(`/api/datasets/?limit=${OFFERED_DATASETS}`).catch(() => null);
    this.datasets = found?.results ?? [];
    if (!this.datasets.length) return;
    this.#title.value = unused(this.#title.value, this.datasets);
    this.#target.append(
      ...this.datasets.map(({ slug, title }) => element("option", { value: slug }, title)),
    );
    this.#target.value = bestFit(columns, this.datasets).slug;
    this.#choices.append(
      element("legend", { class: "unseen" }, gettext("Where the rows go")),
      ...Object.entries(MODES).map(([mode, words]) => this.#choice(mode, words)),
    );
    this.#choices.hidden = false;
  }

  get mode() {
    return this.#mode;
  }

  get isNew() {
    return this.#mode === "create";
  }

  /** The one that is there; undefined for a new table. */
  get dataset() {
    return this.isNew ? undefined : this.datasets.find(({ slug }) => slug === this.#target.value);
  }

  get asked() {
    return { mode: this.#mode, dataset: this.isNew ? this.#title.value.trim() : this.#target.value };
  }

  #choice(mode, label) {
    const radio = element("input", {
      type: "radio",
      name: "mode",
      checked: mode === this.#mode,
      onchange: () => this.#setMode(mode),
    });
    return element("label", {}, radio, label);
  }

  #setMode(mode) {
    this.#mode = mode;
    this.#titleField.hidden = !this.isNew;
    this.#title.required = this.isNew;
    this.#targetField.hidden = this.isNew;
    this.#onChange();
  }
}

/** "us-employment.csv" -> "Us employment" */
function titleFor(filename) {
  const stem = filename.replace(/\.[A-Za-z0-9]{1,5}$/, "").replace(/[_\-\s]+/g, " ").trim();
  return stem ? stem.charAt(0).toUpperCase() + stem.slice(1) : filename;
}

/** "Airports", or "Airports 2" where there is one. */
function unused(title, datasets) {
  const taken = new Set(datasets.map((each) => each.title.toLowerCase()));
  let [free, number] = [title, 1];
  while (taken.has(free.toLowerCase())) {
    number += 1;
    free = `${title} ${number}`;
  }
  return free;
}
