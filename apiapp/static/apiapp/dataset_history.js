/** Who did what to a dataset, the newest first, and the way back. */

import { announce } from "../site/announcer.js";
import { get, post } from "../site/api.js";
import { button, element, scrollBox, unseen } from "../site/elements.js";
import { isolated } from "../site/bidi.js";
import { gettext, ngettext } from "../site/i18n.js";
import { TYPES } from "./column_types.js";
import { changesOf } from "./row_changes.js";
import { whyNot } from "./undo_words.js";
import { addRows, emptyView, errorView, showIn, table, timeView } from "../site/states.js";

const WORDS = {
  imported: ({ file }) => gettext("Imported {file}", { file: isolated(file) }),
  undone: (_, importId) => gettext("Undid import {number}", { number: String(importId) }),
  import_failed: ({ file }) => gettext("The import of {file} failed", { file: isolated(file ?? "") }),
  import_cancelled: ({ file }) => gettext("Cancelled the import of {file}", { file: isolated(file ?? "") }),
  row_added: ({ row_ids: rows }) => (rows.length === 1 ? gettext("Added row {row}", { row: String(rows[0]) }) : ngettext("Added {count} row", "Added {count} rows", rows.length)),
  row_changed: ({ row_ids: rows }) => (rows.length === 1 ? gettext("Changed row {row}", { row: String(rows[0]) }) : ngettext("Changed {count} row", "Changed {count} rows", rows.length)),
  rows_deleted: ({ row_ids: rows }) => ngettext("Deleted {count} row", "Deleted {count} rows", rows.length),
  schema_changed: columnWords,
  renamed: ({ before, after }) => gettext("Renamed “{before}” to “{after}”", { before: isolated(before), after: isolated(after) }),
  shared: sharingWords,
};
const ROLES = { viewer: gettext("viewer"), editor: gettext("editor") };

export class DatasetHistory {
  #place;
  #path;
  #next;
  #onUndone;

  /** @param {HTMLElement} place @param {string} slug @param {() => void} onUndone */
  constructor(place, slug, onUndone) {
    this.#place = place;
    this.#path = `/api/datasets/${encodeURIComponent(slug)}/history/`;
    this.#onUndone = onUndone;
  }

  load() {
    this.#next = `${this.#path}?limit=20`;
    return showIn(this.#place, () => this.#view());
  }

  async #view() {
    const rows = await this.#page();
    if (!rows.length) return emptyView(gettext("Nothing is on record for this table."));
    const list = table([gettext("When"), gettext("Who"), gettext("What"), unseen(gettext("What can be done"))], rows);
    return [scrollBox(gettext("Who did what"), list), this.#older(list)];
  }

  /** The rows of the next page. */
  async #page() {
    const { results, next } = await get(this.#next);
    this.#next = next;
    return results.map((event) => eventRow(event, this.#wayBack(event)));
  }

  /** A button, or why there is none. */
  #wayBack(event) {
    const { undoable, why_not: reason } = event;
    if (reason) return element("span", { class: "muted small" }, whyNot(reason));
    if (!undoable) return null;
    const what = unseen(gettext(": {what}", { what: wordsOf(event) }));
    return button([gettext("Undo"), what], ({ currentTarget }) => this.#undo(event, currentTarget), { class: "quiet small" });
  }

  async #undo({ id, import_id: importId }, pressed) {
    pressed.disabled = true;
    try {
      const done = await post(importId ? `/api/imports/${importId}/undo/` : `${this.#path}${id}/undo/`);
      // A table that an import had made is gone with its rows.
      if (importId && !done.dataset) location.assign("/datasets/");
      announce(gettext("It was taken back."));
      this.#onUndone();
    } catch (problem) {
      pressed.replaceWith(element("span", { class: "small", role: "alert" }, problem.message));
    }
  }

  #older(list) {
    const place = element("p", {});
    if (!this.#next) return place;
    const more = button(gettext("Older"), async () => {
      more.disabled = true;
      try {
        addRows(list, await this.#page());
        more.disabled = false;
        more.hidden = !this.#next;
      } catch (problem) {
        place.replaceChildren(errorView(problem, () => place.replaceChildren(this.#older(list))));
      }
    }, { class: "quiet small" });
    place.append(more);
    return place;
  }
}

function columnWords({ column, retyped, added, dropped, restored, before, after }) {
  if (retyped) return gettext("Changed column {column} from “{before}” to “{after}”", { column, before: TYPES[before.type], after: TYPES[after.type] });
  if (added) return gettext("Added column {column}", { column });
  if (dropped) return gettext("Dropped column {column}", { column });
  if (restored) return gettext("Brought back column {column}", { column });
  return gettext("Changed column {column}", { column });
}

/** No role: it was taken back. */
function sharingWords({ user, group, role }) {
  const name = isolated(user ?? group);
  if (role === "owner") return gettext("Gave the table to {name}", { name });
  if (!role) return gettext("Shares it with {name} no more", { name });
  return gettext("Shares it with {name} as {role}", { name, role: ROLES[role] ?? role });
}

function wordsOf({ kind, facts, import_id: importId }) {
  return WORDS[kind]?.(facts, importId) ?? kind;
}

function eventRow(event, wayBack) {
  const { kind, actor, at, facts } = event;
  const changes = kind === "imported" ? changesOf(facts) : "";
  return element(
    "tr",
    {},
    element("td", {}, timeView(at)),
    element("td", {}, actor),
    element("td", {}, wordsOf(event), facts.undoes && ` ${gettext("(taken back)")}`, changes && element("span", { class: "muted small" }, ` ${changes}`)),
    element("td", { class: "way-back" }, wayBack),
  );
}
