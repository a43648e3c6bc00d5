/** What is asked of one column's values: opened from the preview, checked by the server at once. */

import { TYPES } from "./column_types.js";
import { FORMS, ORDERED, formsOf } from "./column_forms.js";
import { button, element, field } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

let opened = 0;

export class ColumnDialog {
  #column;
  #datasets;
  #fields = {}; // name -> { input, trouble }
  #required = element("input", { type: "checkbox" });
  #unique = element("input", { type: "checkbox" });
  #trouble = element("p", { class: "note bad", role: "alert", hidden: true });
  #dialog;
  #submit = element("button", { type: "submit" }, gettext("Done"));

  /**
   * @param {ColumnWish} column
   * @param {Dataset[]} datasets whose columns can be referred to
   * @param {(wish: ColumnWish) => Promise<void>} agree throws Problem for what cannot be asked
   */
  constructor(column, datasets, agree) {
    this.#column = column;
    this.#datasets = datasets;
    this.agree = agree;
    this.#required.checked = Boolean(column.required);
    this.#unique.checked = Boolean(column.unique);
    this.#dialog = this.#build();
  }

  /** @returns {Promise<void>} once it is closed */
  open() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    return new Promise((resolve) => {
      this.#dialog.addEventListener("close", () => {
        this.#dialog.remove();
        resolve();
      });
    });
  }

  #build() {
    opened += 1;
    const titleId = `column-dialog-${opened}`;
    const { label, type } = this.#column;
    const cancel = button(gettext("Cancel"), () => this.#dialog.close(), { class: "quiet" });
    return element(
      "dialog",
      { class: "column-dialog", "aria-labelledby": titleId },
      element(
        "article",
        {},
        element("h2", { id: titleId }, gettext("What “{label}” must be", { label })),
        element("p", { class: "muted small" }, gettext("Type: {type}. An empty cell meets every condition but “required”.", { type: TYPES[type] })),
        element(
          "form",
          { novalidate: true, onsubmit: (event) => this.#onSubmit(event) },
          element(
            "div",
            { class: "choices" },
            element("label", {}, this.#required, gettext("Required: no cell is empty")),
            element("label", {}, this.#unique, gettext("Unique: no value comes twice")),
          ),
          this.#conditionFields(type),
          this.#trouble,
          element("div", { class: "actions" }, this.#submit, cancel),
        ),
      ),
    );
  }

  #conditionFields(type) {
    const { conditions = {} } = this.#column;
    const line = (name, given = {}) =>
      element("input", { name, value: conditions[name] ?? "", autocomplete: "off", ...given });
    const shown = formsOf(type).length
      ? [this.#place("form", gettext("Written like"), this.#formSelect(type))]
      : [];
    if (type === "text" || type === "uuid") {
      const pattern = line("pattern", { class: "mono", spellcheck: "false", placeholder: "[A-Z]{2}[0-9]+" });
      shown.push(this.#place("pattern", gettext("Pattern of the whole value"), pattern));
    }
    if (ORDERED.has(type)) {
      shown.push(
        this.#place("minimum", gettext("At least"), line("minimum")),
        this.#place("maximum", gettext("At most"), line("maximum")),
      );
    }
    if (type !== "json") {
      const allowed = element("textarea", { name: "allowed", rows: "3" });
      allowed.value = (conditions.allowed ?? []).join("\n");
      shown.push(
        this.#place("allowed", gettext("Only these values, one in a line"), allowed),
        this.#place("references", gettext("A value of another table’s column"), this.#referenceSelect(type)),
      );
    }
    return element("div", { class: "fields" }, shown);
  }

  #formSelect(type) {
    const options = formsOf(type).map((form) =>
      element("option", { value: form, selected: form === (this.#column.form ?? "") }, FORMS[form] ?? form),
    );
    return element("select", { name: "form" }, options);
  }

  #referenceSelect(type) {
    const { references = "" } = this.#column.conditions ?? {};
    const names = this.#datasets.flatMap(({ slug, title, columns }) =>
      columns
        .filter((each) => each.type === type)
        .map((each) => [`${slug}.${each.name}`, gettext("{table}: {column}", { table: title, column: each.label })]),
    );
    const options = [["", gettext("no other table")], ...names].map(([value, words]) =>
      element("option", { value, selected: value === references }, words),
    );
    return element("select", { name: "references" }, options);
  }

  #place(name, words, input) {
    const placed = field(words, input);
    const trouble = element("small", { class: "field-trouble", role: "alert", hidden: true });
    trouble.id = `${input.id}-trouble`;
    input.setAttribute("aria-describedby", trouble.id);
    placed.append(trouble);
    this.#fields[name] = { input, trouble };
    return placed;
  }

  /** The column as it is asked for now. */
  get #wish() {
    const read = (name) => this.#fields[name]?.input.value.trim() ?? "";
    const allowed = (this.#fields.allowed?.input.value ?? "").split("\n").filter(Boolean);
    const lines = ["pattern", "minimum", "maximum", "references"].map((name) => [name, read(name)]);
    const conditions = Object.fromEntries(lines.filter(([, value]) => value));
    return {
      ...this.#column,
      required: this.#required.checked,
      unique: this.#unique.checked,
      conditions: allowed.length ? { ...conditions, allowed } : conditions,
      ...(this.#fields.form ? { form: this.#fields.form.input.value } : {}),
    };
  }

  async #onSubmit(event) {
    event.preventDefault();
    this.#forgive();
    this.#submit.disabled = true;
    try {
      await this.agree(this.#wish);
      this.#dialog.close();
    } catch (problem) {
      this.#complain(problem);
    } finally {
      this.#submit.disabled = false;
    }
  }

  #forgive() {
    this.#trouble.hidden = true;
    for (const { input, trouble } of Object.values(this.#fields)) {
      input.removeAttribute("aria-invalid");
      trouble.hidden = true;
    }
  }

  /** Beside the condition that is wrong, where the server says which one. */
  #complain(problem) {
    const place = this.#fields[problem.facts?.condition];
    const trouble = place?.trouble ?? this.#trouble;
    trouble.textContent = problem.message;
    trouble.hidden = false;
    place?.input.setAttribute("aria-invalid", "true");
    place?.input.focus();
  }
}
