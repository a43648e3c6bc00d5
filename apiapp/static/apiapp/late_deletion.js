/** Deletes a little later than it is asked to, so that it can be taken back until then. */

import { call, csrfToken } from "../site/api.js";

const UNDO_MS = 8000;

export class LateDeletion {
  #path;
  #timer;
  #onLeave = () => this.#deleteWhileLeaving();
  #ended;

  /**
   * @param {string} path of the thing
   * @param {(problem: Error | null) => void} ended called once it is deleted or could not be
   */
  constructor(path, ended) {
    this.#path = path;
    this.#ended = ended;
    this.#timer = setTimeout(() => this.#delete(), UNDO_MS);
    addEventListener("pagehide", this.#onLeave);
  }

  undo() {
    clearTimeout(this.#timer);
    removeEventListener("pagehide", this.#onLeave);
  }

  async #delete() {
    this.undo();
    try {
      await call("DELETE", this.#path);
      this.#ended(null);
    } catch (problem) {
      this.#ended(problem.status === 404 ? null : problem);
    }
  }

  /** Who leaves the page has not taken it back. */
  #deleteWhileLeaving() {
    this.undo();
    fetch(this.#path, { method: "DELETE", keepalive: true, headers: { "X-CSRFToken": csrfToken() } });
  }
}
