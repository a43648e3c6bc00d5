/** One cell being written: Enter and Tab keep it, Escape leaves it, a refusal stays beside it. */

import { announce } from "../site/announcer.js";
import { button, element } from "../site/elements.js";
import { gettext } from "../site/i18n.js";
import { asText } from "./cell_words.js";
import { inputFor, isSame, valueIn } from "./cell_inputs.js";

const MEANWHILE = 412;
const LINE_PX = 20;
const TALLEST_PX = 180;

export class CellEditor {
  #cell;
  #column;
  #row;
  #edits;
  #done;
  #input;
  #note = element("div", { class: "cell-note", role: "alert", hidden: true });
  #fresh;
  #isSaving = false;
  #isOver = false;

  /**
   * @param {HTMLElement} cell
   * @param {ColumnSpec} column
   * @param {Record<string, any>} row as it is shown
   * @param {RowEdits} edits
   * @param {(row: Record<string, any> | null, move: [number, number]) => void} done called once;
   *   row: as it is now, null if nothing was changed; move: by rows and columns, what to go to next
   */
  constructor(cell, column, row, edits, done) {
    this.#cell = cell;
    this.#column = column;
    this.#row = row;
    this.#edits = edits;
    this.#done = done;
    this.#fresh = edits.fresh(row._id);
    this.#fresh.catch(() => {}); // told when it is needed
  }

  /** @param {string} [text] that begins it, in place of what is there */
  begin(text) {
    const input = inputFor(this.#column, this.#row[this.#column.name]);
    this.#input = input;
    input.setAttribute("aria-label", this.#column.label);
    this.#cell.classList.add("editing");
    this.#cell.replaceChildren(input, this.#note);
    input.addEventListener("keydown", (event) => this.#onKey(event));
    input.addEventListener("input", () => this.#grow());
    input.addEventListener("blur", () => this.#onBlur());
    if (text !== undefined && !["SELECT"].includes(input.tagName) && input.type !== "date") input.value = text;
    input.focus({ preventScroll: true });
    if (text === undefined) input.select?.();
    this.#grow();
  }

  #grow() {
    if (this.#input.tagName !== "TEXTAREA") return;
    this.#input.style.height = `${LINE_PX}px`;
    this.#input.style.height = `${Math.min(this.#input.scrollHeight, TALLEST_PX)}px`;
  }

  #onKey(event) {
    event.stopPropagation();
    const { key, shiftKey, altKey, isComposing } = event;
    if (isComposing) return; // Enter ends the word of an input method
    if (key === "Escape") this.#end(null, [0, 0]);
    else if (key === "Tab") this.#keep([0, shiftKey ? -1 : 1]);
    else if (key === "Enter" && altKey) this.#breakLine();
    else if (key === "Enter" && !shiftKey) this.#keep([1, 0]);
    else return;
    event.preventDefault();
  }

  #breakLine() {
    const { selectionStart, selectionEnd } = this.#input;
    this.#input.setRangeText?.("\n", selectionStart, selectionEnd, "end");
    this.#grow();
  }

  /** Whoever goes elsewhere keeps what they wrote; a refusal waits for them. */
  #onBlur() {
    setTimeout(() => {
      const isInside = this.#cell.contains(document.activeElement);
      if (!isInside && this.#note.hidden && document.hasFocus()) this.#keep(null);
    });
  }

  async #keep(move) {
    if (this.#isSaving || this.#isOver) return;
    let value;
    try {
      value = valueIn(this.#input, this.#column);
    } catch {
      this.#refuse(gettext("This is not JSON."));
      return;
    }
    const shown = this.#row[this.#column.name];
    if (isSame(value, shown) || (value === null && shown === "")) this.#end(null, move);
    else await this.#save(value, move);
  }

  async #save(value, move) {
    this.#setSaving(true);
    const { name } = this.#column;
    try {
      const now = await this.#fresh;
      if (isSame(now[name], this.#row[name])) this.#end(await this.#edits.save(now, { [name]: value }), move);
      else this.#showBoth(now, value);
    } catch (problem) {
      if (problem.status === MEANWHILE) await this.#lookAgain(value);
      else this.#refuse(firstSentence(problem, name));
    } finally {
      this.#setSaving(false);
    }
  }

  async #lookAgain(value) {
    this.#fresh = this.#edits.fresh(this.#row._id);
    try {
      this.#showBoth(await this.#fresh, value);
    } catch (problem) {
      this.#refuse(problem.message);
    }
  }

  /** Somebody wrote something else here meanwhile: which is to stay? */
  #showBoth(now, value) {
    const { name, type } = this.#column;
    const theirs = asText(now[name], type) || gettext("(empty)");
    const mine = asText(value, type) || gettext("(empty)");
    this.#row = now;
    this.#say(
      element("p", {}, gettext("Somebody changed this meanwhile.")),
      element(
        "dl",
        {},
        [[gettext("Now"), theirs], [gettext("Yours"), mine]].map(([term, text]) => [element("dt", {}, term), element("dd", {}, text)]),
      ),
      element(
        "div",
        { class: "actions" },
        button(gettext("Save mine"), () => this.#save(value, [0, 0]), { class: "small" }),
        button(gettext("Keep theirs"), () => this.#end(now, [0, 0]), { class: "quiet small" }),
      ),
    );
  }

  #refuse(sentence) {
    this.#input.setAttribute("aria-invalid", "true");
    this.#say(element("p", {}, sentence));
    this.#input.focus({ preventScroll: true });
  }

  #say(...children) {
    this.#note.replaceChildren(...children);
    this.#note.hidden = false;
    const { bottom } = this.#note.getBoundingClientRect();
    const grid = this.#cell.closest("[role=grid]").getBoundingClientRect();
    this.#note.classList.toggle("above", bottom > grid.bottom);
  }

  #setSaving(isSaving) {
    this.#isSaving = isSaving;
    this.#cell.classList.toggle("saving", isSaving);
    this.#input.readOnly = isSaving;
  }

  #end(row, move) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cell.classList.remove("editing", "saving");
    if (row) announce(gettext("Saved."));
    this.#done(row, move);
  }
}

/** What the server says of the column, without its name: it stands at the cell. */
function firstSentence(problem, name) {
  const said = [problem.errors[name]].flat(2)[0];
  return said ? String(said) : problem.message;
}
