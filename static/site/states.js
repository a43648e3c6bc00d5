/** The words and looks that lists have in common: states, nothing there yet, could not be read. */

import { button, element } from "./elements.js";
import { exactly, when } from "./figures.js";
import { gettext } from "./i18n.js";

const WORDS = {
  queued: gettext("queued"),
  running: gettext("running"),
  succeeded: gettext("finished"),
  partly: gettext("finished, rows refused"),
  failed: gettext("failed"),
  cancelled: gettext("cancelled"),
  undone: gettext("undone"),
  checked: gettext("tried out"),
};

/** “5 minutes ago”, the exact time on hovering. @param {string} iso */
export function timeView(iso) {
  return element("time", { datetime: iso, title: exactly(iso) }, when(iso));
}

/** @param {string} state of a job or an import */
export function stateChip(state) {
  return element("span", { class: `state ${state}` }, WORDS[state] ?? state);
}

/** @param {ImportRecord} record */
export function importState({ state, rows_refused: refused }) {
  return state === "succeeded" && refused ? "partly" : state;
}

/** Not known yet: to be replaced by what is found. */
export function loadingView() {
  return element("p", { class: "muted small", "aria-busy": "true" }, gettext("Loading…"));
}

/** Nothing there yet, and what to do about it. */
export function emptyView(sentence, ...next) {
  return element("div", { class: "empty" }, element("p", {}, sentence), ...next);
}

/** The reason, and a way on. @param {Error} problem @param {() => void} again */
export function errorView(problem, again) {
  return element(
    "div",
    { class: "note bad", role: "alert" },
    element("p", {}, problem.message),
    button(gettext("Try again"), again, { class: "quiet small" }),
  );
}

/** Fill `place` by `load`; a failure is shown there with a button that tries again. */
export async function showIn(place, load) {
  try {
    place.replaceChildren(...[await load()].flat());
  } catch (problem) {
    place.replaceChildren(errorView(problem, () => showIn(place, load)));
  }
}

/**
 * A table of a list.  On a phone each row becomes a small block, its cells named by their headers;
 * the roles are said because that look takes them away.
 *
 * @param {Array<string | Node | [string, string]>} headers words, or [words, class]
 * @param {HTMLTableRowElement[]} rows
 */
export function table(headers, rows) {
  const head = headers.map((header) => {
    const [words, kind] = [header].flat();
    return element("th", { scope: "col", role: "columnheader", class: kind }, words);
  });
  const body = element("tbody", { role: "rowgroup" });
  const made = element(
    "table",
    { class: "list", role: "table" },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, head)),
    body,
  );
  addRows(made, rows);
  return made;
}

/** @param {HTMLTableElement} list as `table` made it */
export function addRows(list, rows) {
  list.tBodies[0].append(...rows.map((row) => named(row, list)));
}

/** Tell the cells of a row what they are. */
export function named(row, list) {
  const words = [...list.tHead.rows[0].cells].map((cell) => cell.textContent);
  row.setAttribute("role", "row");
  [...row.cells].forEach((cell, at) => {
    cell.setAttribute("role", cell.tagName === "TH" ? "rowheader" : "cell");
    cell.dataset.label = words[at];
  });
  return row;
}
