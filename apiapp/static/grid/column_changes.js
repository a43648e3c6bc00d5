/** Changes of a dataset's columns: added, renamed, indexed, dropped and brought back. */

import { call, post } from "../site/api.js";
import { isolated } from "../site/bidi.js";
import { button, element, field } from "../site/elements.js";
import { allWords, gettext } from "../site/i18n.js";
import { TYPES } from "../apiapp/column_types.js";

export class ColumnChanges {
  #path;
  #changed;

  /** @param {string} path of the columns @param {(sentence: string, undo?: () => Promise<void>) => void} changed */
  constructor(path, changed) {
    this.#path = path;
    this.#changed = changed;
  }

  add() {
    const label = element("input", { required: true, maxlength: "300", autocomplete: "off" });
    const type = element("select", {}, Object.entries(TYPES).map(([value, words]) => element("option", { value }, words)));
    const fields = [field(gettext("Name"), label), field(gettext("Type"), type)];
    askFor(gettext("Add a column"), fields, gettext("Add"), async () => {
      await post(this.#path, { label: label.value.trim(), type: type.value });
      this.#changed(gettext("Column {column} was added.", { column: isolated(label.value.trim()) }));
    });
  }

  /** @param {ColumnSpec} column */
  rename(column) {
    const label = element("input", { required: true, maxlength: "300", value: column.written, autocomplete: "off" });
    askFor(gettext("Rename the column"), [field(gettext("Name"), label)], gettext("Rename"), async () => {
      await this.#patch(column, { label: label.value.trim() });
      const undo = () => this.#do(() => this.#patch(column, { label: column.written }), gettext("The old name is back."));
      this.#changed(gettext("The column is called {column} now.", { column: isolated(label.value.trim()) }), undo);
    });
  }

  /** @param {ColumnSpec} column an index makes sorting by it quick */
  async index(column, indexed) {
    const words = indexed ? gettext("{column} has an index now.", { column: column.label }) : gettext("{column} has no index any more.", { column: column.label });
    await this.#do(() => this.#patch(column, { indexed }), words);
  }

  /** @param {ColumnSpec} column @param {{showRows: (rowIds: number[]) => void, tell: (problem: Error) => void}} page */
  async retype(column, page) {
    const [{ RetypeDialog }] = await Promise.all([import("./retype_dialog.js"), allWords()]);
    new RetypeDialog(column, this.#pathOf(column), { changed: this.#changed, ...page }).open();
  }

  /** @param {ColumnSpec} column */
  async drop(column) {
    await call("DELETE", this.#pathOf(column));
    const back = gettext("Column {column} is back.", { column: column.label });
    const undo = () => this.#do(() => post(`${this.#pathOf(column)}restore/`), back);
    this.#changed(gettext("Column {column} was dropped.", { column: column.label }), undo);
  }

  async #do(change, sentence) {
    await change();
    this.#changed(sentence);
  }

  #patch(column, changes) {
    return call("PATCH", this.#pathOf(column), changes);
  }

  #pathOf({ name }) {
    return `${this.#path}${encodeURIComponent(name)}/`;
  }
}

/** A form in a window; what the server refuses is said there, and it stays open. */
function askFor(title, fields, verb, send) {
  const problem = element("p", { class: "note bad", role: "alert", hidden: true });
  const submit = element("button", {}, verb);
  const onsubmit = async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await send();
      dialog.close();
    } catch (refused) {
      problem.textContent = refused.message;
      problem.hidden = false;
      submit.disabled = false;
    }
  };
  const actions = element("div", { class: "actions" }, submit, button(gettext("Cancel"), () => dialog.close(), { class: "quiet" }));
  const form = element("form", { onsubmit }, fields, problem, actions);
  const dialog = element(
    "dialog",
    { "aria-label": title, onclose: () => dialog.remove() },
    element("article", {}, element("h2", {}, title), form),
  );
  document.body.append(dialog);
  dialog.showModal();
  form.elements[0].focus();
}
