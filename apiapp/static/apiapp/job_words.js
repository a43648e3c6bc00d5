/** What background work is called, and what it says of itself, in the page's language. */

import * as figures from "../site/figures.js";
import { gettext, ngettext } from "../site/i18n.js";
import { inWords } from "../site/server_words.js";

const TASKS = {
  "uploads.merge": gettext("Verify an upload"),
  "imports.load": gettext("Load a file into a table"),
  "imports.retype": gettext("Change the type of a column"),
};

/** @param {Job} job */
export function taskWords({ task }) {
  return TASKS[task] ?? task;
}

/** What it does now. @param {Job} job */
export function messageWords({ message }) {
  return inWords(message);
}

/** “12 of 40 MB”, “1,200” or nothing. @param {Job} job */
export function progressWords({ done, total, unit }) {
  const figure = unit === "bytes" ? figures.bytes : figures.number;
  if (total) return gettext("{done} of {total}", { done: figure(done), total: figure(total) });
  return done ? figure(done) : "";
}

/** What came out, as far as its result tells. @param {Job} job that succeeded */
export function resultWords({ result, started_at: begun, finished_at: ended }) {
  const words = [];
  if (result?.rows_loaded !== undefined) {
    words.push(ngettext("{count} row in", "{count} rows in", result.rows_loaded));
    if (result.rows_refused) words.push(gettext("{count} refused", { count: result.rows_refused }));
  }
  const seconds = (Date.parse(ended) - Date.parse(begun)) / 1000;
  if (seconds >= 1) words.push(figures.duration(seconds));
  return words.join(" · ");
}
