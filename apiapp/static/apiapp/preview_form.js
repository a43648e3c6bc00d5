/** The person's turn: what the file would become, open to change, and the button that imports it. */

import { get, Problem } from "./api.js";
import { DialectForm } from "./dialect_form.js";
import { element, field } from "./elements.js";
import { gettext, ngettext } from "./i18n.js";
import { bestFit, NewColumns, TargetColumns } from "./preview_columns.js";
import { PreviewTable } from "./preview_table.js";
import { inWords } from "./server_words.js";

const OFFERED_DATASETS = 200;

export class PreviewForm {
  #item;
  #columns;
  #datasets = [];
  #title = element("input", { required: true, maxlength: "200" });
  #target = element("select", { onchange: () => this.#drawTable() });
  #choices = element("fieldset", { class: "choices", hidden: true });
  #titleField = field(gettext("Name of the table"), this.#title);
  #targetField = field(gettext("Table"), this.#target);
  #table = element("div");
  #trouble = element("p", { class: "note bad", role: "alert", hidden: true });
  #submit = element("button", { type: "submit" });
  #mode = "create";

  /** @param {ImportItem} item in phase "checking" */
  constructor(item) {
    this.#item = item;
    this.#title.value = titleFor(item.name);
    this.#targetField.hidden = true;
    this.root = element(
      "form",
      { class: "preview", onsubmit: (event) => this.#onSubmit(event) },
      this.#choices,
      element("div", { class: "fields" }, this.#titleField, this.#targetField),
      new DialectForm(item.preview.dialect, (dialect) => this.#reread(dialect)).root,
      this.#table,
      this.#trouble,
      element("div", { class: "actions" }, this.#submit),
    );
    this.#drawTable();
    this.#offerDatasets();
  }

  #drawTable() {
    const { columns, rows, warnings } = this.#item.preview;
    const dataset = this.#datasets.find(({ slug }) => slug === this.#target.value);
    this.#columns =
      this.#mode === "append" ? new TargetColumns(columns, dataset) : new NewColumns(columns);
    this.#table.replaceChildren(
      ...warnings.map((text) => element("p", { class: "note warn" }, inWords(text))),
      new PreviewTable(this.#columns, rows).root,
    );
    this.#submit.textContent = ngettext(
      "Import {count} column", "Import {count} columns", columns.length,
    );
  }

  async #reread(dialect) {
    this.#trouble.hidden = true;
    try {
      this.#item.preview = await this.#item.readPreview(dialect);
      this.#drawTable();
    } catch (problem) {
      this.#complain(problem);
    }
  }

  // --- where the rows go

  /** Appending is offered where there is something to append to. */
  async #offerDatasets() {
    const found = await get(`/api/datasets/?limit=${OFFERED_DATASETS}`).catch(() => null);
    this.#datasets = found?.results ?? [];
    if (!this.#datasets.length) return;
    this.#title.value = unused(this.#title.value, this.#datasets);
    this.#target.append(
      ...this.#datasets.map(({ slug, title }) => element("option", { value: slug }, title)),
    );
    this.#target.value = bestFit(this.#item.preview.columns, this.#datasets).slug;
    this.#choices.append(
      element("legend", { class: "unseen" }, gettext("Where the rows go")),
      this.#choice("create", gettext("A new table")),
      this.#choice("append", gettext("Add to a table that is there")),
    );
    this.#choices.hidden = false;
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
    this.#titleField.hidden = mode === "append";
    this.#title.required = mode === "create";
    this.#targetField.hidden = mode === "create";
    this.#drawTable();
  }

  // --- go

  async #onSubmit(event) {
    event.preventDefault();
    this.#submit.disabled = true;
    this.#trouble.hidden = true;
    try {
      await this.#item.load(this.#wanted());
    } catch (problem) {
      this.#submit.disabled = false;
      this.#complain(problem);
    }
  }

  #wanted() {
    return {
      mode: this.#mode,
      dataset: this.#mode === "append" ? this.#target.value : this.#title.value.trim(),
      columns: this.#columns.asked,
      dialect: this.#item.preview.dialect,
    };
  }

  #complain(problem) {
    if (!(problem instanceof Problem)) throw problem;
    this.#trouble.textContent = problem.message;
    this.#trouble.hidden = false;
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
