/** The person's turn: what the file would become, open to change, and the button that imports it. */

import { post, Problem } from "../site/api.js";
import { DialectForm } from "./dialect_form.js";
import { button, element } from "../site/elements.js";
import { gettext, ngettext } from "../site/i18n.js";
import { differenceView } from "./import_difference.js";
import { hintView } from "./preview_hints.js";
import { ImportRules } from "./import_rules.js";
import { ImportTarget } from "./import_target.js";
import { NewColumns } from "./preview_columns.js";
import { Latest } from "../site/latest.js";
import { PreviewTable } from "./preview_table.js";
import { PartForm } from "./part_form.js";
import { inWords } from "../site/server_words.js";
import { TargetColumns } from "./target_columns.js";

export class PreviewForm {
  #item;
  #columns = null;
  #reading = element("div");
  #dialect = null;
  #table = element("div");
  #notes = element("div", { "aria-live": "polite" });
  #places = element("div", { "aria-live": "polite" });
  #trouble = element("div", { class: "note bad", role: "alert", hidden: true });
  #rules = new ImportRules();
  #outcome = element("div", { class: "note", role: "status", hidden: true });
  #submit = element("button", { type: "submit" });
  #tryOut = button(gettext("What would change?"), () => this.#onTryOut(), { class: "quiet" });
  #target;
  #reads = new Latest();
  #checks = new Latest();
  #drawings = new Latest();

  /** @param {ImportItem} item in phase "checking" */
  constructor(item) {
    this.#item = item;
    this.#target = new ImportTarget(item.name, () => this.#drawTable());
    this.root = element(
      "form",
      { class: "preview", onsubmit: (event) => this.#onSubmit(event) },
      this.#target.root,
      this.#reading,
      this.#rules.root,
      this.#notes,
      this.#table,
      this.#places,
      this.#outcome,
      this.#trouble,
      element("div", { class: "actions" }, this.#submit, this.#tryOut),
    );
    this.#drawReading();
    this.#drawTable();
    this.#target.offerDatasets(item.preview.columns);
  }

  // --- how the file is read

  #drawReading() {
    const { preview } = this.#item;
    this.#dialect = new DialectForm(preview, (asked) => this.#reread(asked));
    const part = new PartForm(preview, (asked, name) => this.#readPart(asked, name));
    this.#reading.replaceChildren(part.root, this.#dialect.root);
  }

  async #readPart(asked, name) {
    await this.#reread(asked);
    this.#drawReading();
    this.#reading.querySelector(`[name="${name}"]`)?.focus({ preventScroll: true });
  }

  async #reread(asked) {
    const isLatest = this.#reads.begin();
    this.#trouble.hidden = true;
    try {
      const preview = await this.#item.readPreview(asked);
      if (!isLatest()) return;
      this.#item.preview = preview;
      this.#dialect.update(preview);
      await this.#drawTable();
    } catch (problem) {
      if (!isLatest()) return;
      if (!(problem instanceof Problem) || !this.#dialect.complain(problem)) this.#complain(problem);
    }
  }

  // --- what its columns become

  async #drawTable() {
    const isLatest = this.#drawings.begin();
    const { dataset } = this.#target;
    this.#table.inert = true; // what is chosen in the old one would be lost
    const columns = dataset ? await this.#targetColumns(dataset) : this.#newColumns();
    if (!isLatest()) return;
    this.#table.inert = false;
    this.#columns = columns;
    this.#rules.show(this.#target.mode, dataset);
    this.#outcome.hidden = true;
    this.#table.replaceChildren(new PreviewTable(columns, this.#item.preview.rows).root);
    this.#showChecked();
    this.#showPlaces();
  }

  #newColumns() {
    return new NewColumns(this.#item.preview.columns, {
      onChange: () => this.#recheck(),
      onConditions: (at) => this.#openConditions(at),
    });
  }

  async #targetColumns(dataset) {
    const { columns } = this.#item.preview;
    const labels = columns.map(({ label }) => label);
    const path = `/api/datasets/${encodeURIComponent(dataset.slug)}/mapping/`;
    const nothing = { columns: labels.map(() => ({ column: "", by: "" })) };
    const proposed = await post(path, { labels }).catch(() => nothing);
    return new TargetColumns(columns, dataset, proposed.columns, () => this.#showPlaces());
  }

  /** What of the first rows would be refused, above the columns and in a sentence. */
  #showChecked(columns = this.#item.preview.columns) {
    const { warnings, checked } = this.#item.preview;
    const told = this.#target.isNew ? warnings : warnings.filter((text) => !/would be refused;/.test(text));
    this.#notes.replaceChildren(...told.map((text) => element("p", { class: "note warn" }, inWords(text))), ...this.#hints());
    this.#columns.showChecked(checked, columns);
  }

  /** Of columns that are still as they were proposed. */
  #hints() {
    if (!this.#target.isNew) return [];
    const { hints } = this.#item.preview;
    const open = hints.filter(({ column, kind, type }) => this.#columns.isOf(column, kind === "odd" ? "text" : type));
    return open.map((hint) => hintView(hint, () => this.#makeType(hint.column, hint.type)));
  }

  #showPlaces() {
    this.#outcome.hidden = true;
    this.#places.replaceChildren(...(this.#columns.notes?.() ?? []));
    const { count } = this.#columns;
    this.#submit.textContent = ngettext("Import {count} column", "Import {count} columns", count);
  }

  async #recheck() {
    this.#showPlaces();
    try {
      await this.#check(this.#columns.asked);
      this.#trouble.hidden = true;
    } catch (problem) {
      this.#complain(problem);
    }
  }

  /** Have the server look at the first rows with these columns.  Throws Problem. */
  async #check(asked) {
    const isLatest = this.#checks.begin();
    const { preview } = this.#item;
    const { warnings, checked, columns } = await this.#item.readPreview(preview.dialect, asked);
    if (!isLatest() || preview !== this.#item.preview) return;
    Object.assign(preview, { warnings, checked });
    this.#showChecked(columns);
  }

  async #openConditions(at) {
    const columns = this.#columns;
    const { ColumnDialog } = await import("./column_dialog.js");
    const agree = async (wish) => {
      await this.#check(columns.askedWith(at, wish));
      columns.set(at, wish);
    };
    await new ColumnDialog(columns.column(at), this.#target.datasets, agree).open();
  }

  // --- go

  #onSubmit(event) {
    event.preventDefault();
    return this.#load();
  }

  #load(more = {}) {
    return this.#attempt(() => this.#item.load({ ...this.#wanted(), ...more }));
  }

  /** A dry run: the figures stand here, and nothing has changed. */
  #onTryOut() {
    if (!this.root.reportValidity()) return null;
    return this.#attempt(async () => {
      const record = await this.#item.tryOut(this.#wanted());
      this.#outcome.replaceChildren(await differenceView(record, this.#target.isNew ? (label) => this.#makeType(label, "text") : null));
      this.#outcome.hidden = false;
      this.#setBusy(false);
    });
  }

  /** A column of another type: of text, where many cells are not of its own. */
  #makeType(label, type) {
    this.#columns.makeType(label, type);
    this.#table.replaceChildren(new PreviewTable(this.#columns, this.#item.preview.rows).root);
    return this.#recheck();
  }

  async #attempt(act) {
    this.#setBusy(true);
    this.#trouble.hidden = true;
    this.#outcome.hidden = true;
    try {
      await act();
    } catch (problem) {
      this.#setBusy(false);
      this.#complain(problem);
    }
  }

  #setBusy(isBusy) {
    this.#submit.disabled = isBusy;
    this.#tryOut.disabled = isBusy;
    this.root.toggleAttribute("aria-busy", isBusy);
  }

  #wanted() {
    return {
      ...this.#target.asked,
      columns: this.#columns.asked,
      dialect: this.#item.preview.dialect,
      ...this.#rules.asked,
    };
  }

  #complain(problem) {
    if (!(problem instanceof Problem)) throw problem;
    const again = button(gettext("Import it once more"), () => this.#load({ again: true }), {
      class: "quiet small",
    });
    this.#trouble.replaceChildren(problem.message, ...(problem.type === "same-file" ? [" ", again] : []));
    this.#trouble.hidden = false;
  }
}
