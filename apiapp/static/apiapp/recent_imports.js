/** The last imports with their states: on the home page, and as the history of a dataset. */

import { get, post } from "../site/api.js";
import { button, element, link, scrollBox, unseen } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { TYPES } from "./column_types.js";
import { changesOf } from "./row_changes.js";
import { isolated } from "../site/bidi.js";
import { emptyView, importState, showIn, stateChip, table, timeView } from "../site/states.js";

export class RecentImports {
  #place;
  #url;
  #emptyWords;
  #isHistory;

  /**
   * @param {HTMLElement} place
   * @param {{ url: string, emptyWords: string, isHistory?: boolean }} options isHistory: of one
   *   dataset, whose name need not be repeated, with undo
   */
  constructor(place, { url, emptyWords, isHistory = false }) {
    this.#place = place;
    this.#url = url;
    this.#emptyWords = emptyWords;
    this.#isHistory = isHistory;
  }

  load() {
    return showIn(this.#place, () => this.#view());
  }

  async #view() {
    const { results } = await get(this.#url);
    if (!results.length) return emptyView(this.#emptyWords);
    const headers = [
      gettext("File"),
      ...(this.#isHistory ? [] : [gettext("Table")]),
      gettext("State"),
      [gettext("Rows in"), "number"],
      [gettext("Refused"), "number"],
      gettext("Begun"),
      ...(this.#isHistory ? [unseen(gettext("What can be done"))] : []),
    ];
    const rows = results.map((record) => this.#row(record));
    return scrollBox(gettext("Imports"), table(headers, rows));
  }

  #row(record) {
    const { created_at: begun } = record;
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, nameOf(record)),
      this.#isHistory ? null : element("td", {}, tableLink(record)),
      element("td", {}, stateChip(importState(record))),
      element("td", { class: "number", title: changesOf(record) }, figures.number(record.rows_loaded)),
      element("td", { class: "number" }, refusedCell(record)),
      element("td", {}, timeView(begun)),
      this.#isHistory ? element("td", {}, this.#undoButton(record)) : null,
    );
  }

  #undoButton(record) {
    if (record.state !== "succeeded") return null;
    return button(gettext("Undo"), (event) => this.#undo(record, event.target), {
      class: "quiet small",
      title: isRetype(record) ? gettext("Give the column its old type and values again") : gettext("Take the rows of this import out of the table again"),
    });
  }

  async #undo(record, pressed) {
    pressed.disabled = true;
    try {
      const { dataset } = await post(`/api/imports/${record.id}/undo/`);
      // A table that this import had made is gone with its rows.
      location.assign(dataset ? location.pathname : "/datasets/");
    } catch (problem) {
      pressed.replaceWith(element("span", { role: "alert" }, problem.message));
    }
  }
}

/** A changed type is kept among the imports: it has refused cells and an undo as they have. */
function isRetype({ mode }) {
  return mode === "retype";
}

function nameOf(record) {
  if (!isRetype(record)) return isolated(record.filename);
  return gettext("{column}: to “{type}”", { column: isolated(record.filename), type: TYPES[record.columns[0]?.type] ?? "" });
}

function tableLink({ dataset, dataset_title: title, state }) {
  if (!dataset || ["queued", "running", "failed", "cancelled"].includes(state)) return title;
  return link(`/datasets/${encodeURIComponent(dataset)}/`, title);
}

function refusedCell({ id, rows_refused: refused }) {
  if (!refused) return figures.number(0);
  const title = gettext("Download the refused rows (CSV)");
  const where = { href: `/api/imports/${id}/errors.csv`, download: true, title };
  return element("a", where, figures.number(refused));
}
