/** Above the grid: search, filters as chips, how many rows there are, and which columns are seen. */

import { button, element } from "../site/elements.js";
import { gettext, ngettext } from "../site/i18n.js";
import { number } from "../site/figures.js";
import { onKey } from "../site/keys.js";
import { announce } from "../site/announcer.js";
import { sentenceOf } from "./filter_words.js";
import { floating, menuAt } from "./floating.js";

const TYPING_MS = 350;
const LONG_MS = 700;
const MANY_ROWS = 100_000; // fewer are sorted before one looks up

export class GridTools {
  #grid;
  #field;
  #chips;
  #count;
  #hiding;
  #typing = 0;
  #waiting = 0;
  #isSlowOrder = false;

  /** @param {HTMLElement} page @param {DatasetGrid} grid */
  constructor(page, grid) {
    this.#grid = grid;
    this.#chips = page.querySelector("#filters");
    this.#count = page.querySelector("#row-count");
    this.#field = page.querySelector("#search-form input");
    this.#listenToSearch(page.querySelector("#search-form"));
    page.querySelector("#grid-buttons").append(...this.#buttons());
    grid.layout.addEventListener("change", () => this.#showHidden());
    this.#showHidden();
    onKey("/", gettext("Search the rows"), () => this.#field.focus());
  }

  /** What is asked for, while it is not here yet. @param {boolean} isSlowOrder no index serves it */
  showWaiting(isSlowOrder) {
    const { asked, total } = this.#grid;
    if (document.activeElement !== this.#field) this.#field.value = asked.search;
    this.#showChips();
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#say(gettext("Looking through {count} rows…", { count: total })), LONG_MS);
    this.#isSlowOrder = isSlowOrder;
  }

  showCount() {
    clearTimeout(this.#waiting);
    const { asked, count, total } = this.#grid;
    if (count === null) return;
    const words = asked.isNarrowed
      ? gettext("{count} of {total} rows", { count, total })
      : ngettext("{count} row", "{count} rows", count);
    this.#say(words);
    if (this.#isSlowOrder && count >= MANY_ROWS) this.#count.append(element("small", { class: "muted" }, ` · ${gettext("Sorted without an index: jumps take longer.")}`));
  }

  #say(words) {
    if (this.#count.firstChild?.textContent === words) return;
    this.#count.replaceChildren(words);
    announce(words);
  }

  #listenToSearch(form) {
    const search = () => {
      clearTimeout(this.#typing);
      const text = this.#field.value.trim();
      if (text !== this.#grid.asked.search) this.#grid.ask(this.#grid.asked.searching(text));
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      search();
    });
    this.#field.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(search, TYPING_MS);
    });
  }

  #buttons() {
    const filter = button(gettext("Filter"), () => this.#chooseFilter(filter), { class: "quiet small", "aria-haspopup": "menu" });
    this.#hiding = button(gettext("Columns"), () => this.#chooseColumns(this.#hiding), { class: "quiet small", "aria-haspopup": "dialog" });
    const add = this.#grid.mayEdit && button(gettext("Add row"), () => this.#grid.addRow(), { class: "quiet small" });
    return [filter, this.#hiding, add].filter(Boolean);
  }

  #chooseFilter(anchor) {
    const items = this.#grid.layout.all.map((column) => ({ words: column.label, act: () => this.#grid.filterBy(column, anchor) }));
    menuAt(anchor, gettext("Filter"), items);
  }

  #chooseColumns(anchor) {
    const { layout } = this.#grid;
    const boxes = layout.all.map(({ name, label }) => {
      const input = element("input", { type: "checkbox", checked: !layout.isHidden(name), onchange: () => layout.toggle(name) });
      return element("label", {}, input, label);
    });
    const reset = () => {
      layout.reset();
      box.hidePopover();
    };
    const all = element(
      "div",
      { class: "actions" },
      button(gettext("As it was"), reset, { class: "quiet small" }),
      this.#grid.mayEdit && button(gettext("Add a column…"), () => this.#grid.addColumn(), { class: "quiet small" }),
    );
    const box = floating(anchor, gettext("Columns"), element("div", { class: "column-choice" }, boxes), all);
  }

  #showHidden() {
    const { hiddenCount } = this.#grid.layout;
    this.#hiding.textContent = hiddenCount ? gettext("Columns ({count} hidden)", { count: number(hiddenCount) }) : gettext("Columns");
  }

  #showChips() {
    const { asked, columns } = this.#grid;
    const chips = asked.filters.map((filter) => {
      const column = columns.find(({ name }) => name === filter.column);
      const words = sentenceOf(filter.test, filter.column, column);
      const edit = column && button(words, () => this.#grid.filterBy(column, edit), { class: "chip-words" });
      const remove = button("×", () => this.#grid.ask(asked.without(filter)), { class: "chip-remove", "aria-label": gettext("Remove the filter: {filter}", { filter: words }) });
      return element("li", { class: "chip" }, edit ?? element("span", { class: "chip-words" }, words), remove);
    });
    const all = chips.length > 1 && element("li", {}, button(gettext("Remove all"), () => this.#grid.ask(asked.unnarrowed()), { class: "plain" }));
    this.#chips.replaceChildren(...[...chips, all].filter(Boolean));
    this.#chips.hidden = !chips.length;
  }
}
