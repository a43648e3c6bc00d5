/** The words and looks that lists have in common: states, nothing there yet, could not be read. */

import { button, element } from "./elements.js";
import { gettext } from "./i18n.js";

const WORDS = {
  queued: gettext("queued"),
  running: gettext("running"),
  succeeded: gettext("finished"),
  partly: gettext("finished, rows refused"),
  failed: gettext("failed"),
  cancelled: gettext("cancelled"),
  undone: gettext("undone"),
};

/** @param {string} state of a job or an import */
export function stateChip(state) {
  return element("span", { class: `state ${state}` }, WORDS[state] ?? state);
}

/** @param {ImportRecord} record */
export function importState({ state, rows_refused: refused }) {
  return state === "succeeded" && refused ? "partly" : state;
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

/** A table from its headers (words, or [words, class]) and rows of cells. */
export function table(headers, rows) {
  const head = headers.map((header) => {
    const [words, kind] = [header].flat();
    return element("th", { scope: "col", class: kind }, words);
  });
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, head)),
    element("tbody", {}, rows),
  );
}
