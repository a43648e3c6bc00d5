/** The person's turn: what the file would become, open to change, and the button that imports it. */

import { get, Problem } from "./api.js";
import { button, element } from "./elements.js";
import { gettext, ngettext } from "./i18n.js";
import { DialectForm } from "./dialect_form.js";
import { PreviewTable } from "./preview_table.js";

const KNOWN_DATASETS = 200;

export class PreviewForm {
  #item;
  #table;
  #title;
  #target; // the dataset to append to
  #mode = "create";
  #tableSlot = element("div");
  #targetSlot = element("div", { class: "field", hidden: true });
  #trouble = element("p", { class: "note bad", role: "alert", hidden: true });
  #submit = element("button", { type: "submit" });

  /** @param {ImportItem} item in phase "checking" */
  constructor(item) {
    this.#item = item;
    this.#title = element("input", { required: true, maxlength: "200", value: titleFor(item.name) });
    this.root = element(
      "form",
      { class: "preview", onsubmit: (event) => this.#onSubmit(event) },
      this.#targetFields(),
      new DialectForm(item.preview.dialect, (dialect) => this.#rereadAs(dialect)).root,
      this.#tableSlot,
      this.#trouble,
      element("div", { class: "actions" }, this.#submit),
    );
    this.#show(item.preview);
    this.#offerDatasets();
  }

  #show(preview) {
    this.#table = new PreviewTable(preview);
    const warnings = preview.warnings.map((text) => element("p", { class: "note warn" }, text));
    this.#tableSlot.replaceChildren(...warnings, this.#table.root);
    this.#submit.textContent = ngettext(
      "Import {count} column", "Import {count} columns", preview.columns.length,
    );
  }

  async #rereadAs(dialect) {
    try {
      this.#item.preview = await this.#item.readPreview(dialect);
    } catch (problem) {
      this.#complain(problem);
      return;
    }
    this.#trouble.hidden = true;
    this.#show(this.#item.preview);
  }

  // --- where it goes

  #targetFields() {
    this.#titleField = element(
      "div",
      { class: "field" },
      element("label", {}, gettext("Name of the table"), this.#title),
    );
    this.#choices = element("div", { class: "choices", role: "radiogroup", hidden: true },
      this.#choice("create", gettext("A new table")),
      this.#choice("append", gettext("Add to a table that is there")),
    );
    return [this.#choices, element("div", { class: "fields" }, this.#titleField, this.#targetSlot)];
  }

  #titleField;
  #choices;

  #choice(mode, label) {
    const input = element("input", {
      type: "radio",
      name: `mode-${this.#item.fileId}`,
      checked: mode === "create",
      onchange: () => this.#setMode(mode),
    });
    return element("label", {}, input, label);
  }

  #setMode(mode) {
    this.#mode = mode;
    this.#titleField.hidden = mode !== "create";
    this.#title.required = mode === "create";
    this.#targetSlot.hidden = mode !== "append";
  }

  /** Appending is offered where there is something to append to. */
  async #offerDatasets() {
    const { results } = await get(`/api/datasets/?limit=${KNOWN_DATASETS}`).catch(() => ({ results: [] }));
    if (!results.length) return;
    const options = results.map(({ slug, title }) => element("option", { value: slug }, title));
    this.#target = element("select", {}, options);
    this.#targetSlot.replaceChildren(
      element("label", {}, gettext("Table"), this.#target),
    );
    this.#choices.hidden = false;
    this.#choices.setAttribute("aria-label", gettext("Where the rows go"));
  }

  // --- go

  async #onSubmit(event) {
    event.preventDefault();
    this.#submit.disabled = true;
    this.#trouble.hidden = true;
    try {
      await this.#item.load(this.#wanted());
    } catch (problem) {
      this.#complain(problem);
      this.#submit.disabled = false;
    }
  }

  #wanted() {
    return {
      mode: this.#mode,
      dataset: this.#mode === "append" ? this.#target.value : this.#title.value.trim(),
      columns: this.#table.columns,
      dialect: this.#item.preview.dialect,
    };
  }

  #complain(problem) {
    if (!(problem instanceof Problem)) throw problem;
    this.#trouble.textContent = problem.message;
    this.#trouble.hidden = false;
  }
}

/** "us-employment.csv" -> "us employment" with a capital. */
function titleFor(filename) {
  const stem = filename.replace(/\.[A-Za-z0-9]{1,5}$/, "").replace(/[_\-\s]+/g, " ").trim();
  return stem ? stem.charAt(0).toUpperCase() + stem.slice(1) : filename;
}
