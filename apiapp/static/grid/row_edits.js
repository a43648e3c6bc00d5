/** Changes of rows, each made only to what was seen, with the last ones to take back. */

import { exchange } from "../site/api.js";

const UNDONE_MAX = 50;

export class RowEdits {
  #path;
  #tags = new Map(); // row number -> ETag of the row as the server last answered it here
  #done = []; // {rowId, values}: what was there before

  /** @param {string} path of the rows */
  constructor(path) {
    this.#path = path;
  }

  get mayUndo() {
    return this.#done.length > 0;
  }

  /** The row as it is on the server now.  Throws Problem. */
  async fresh(rowId) {
    const { answer, etag } = await exchange("GET", this.pathOf(rowId));
    this.#tags.set(rowId, etag);
    return answer;
  }

  /**
   * Change what `values` names, if the row is still as `fresh` or `save` had it.
   * Throws Problem; its status is 412 if somebody changed the row meanwhile.
   */
  async save(before, values) {
    const row = await this.#patch(before._id, values);
    const was = Object.fromEntries(Object.keys(values).map((name) => [name, before[name] ?? null]));
    this.#done.push({ rowId: before._id, values: was });
    this.#done.splice(0, this.#done.length - UNDONE_MAX);
    return row;
  }

  /** Take the last change back; the row as it is then.  Throws Problem. */
  async undo() {
    const { rowId, values } = this.#done.pop();
    if (!this.#tags.has(rowId)) await this.fresh(rowId);
    return this.#patch(rowId, values);
  }

  /** @returns {Promise<Record<string, any>>} the new row.  Throws Problem. */
  async add(values) {
    const { answer } = await exchange("POST", this.#path, values);
    return answer;
  }

  pathOf(rowId) {
    return `${this.#path}${rowId}/`;
  }

  async #patch(rowId, values) {
    const headers = { "If-Match": this.#tags.get(rowId) };
    const { answer, etag } = await exchange("PATCH", this.pathOf(rowId), values, { headers });
    this.#tags.set(rowId, etag);
    return answer;
  }
}
