/** When WebSockets do not open: is it this kind of line that does not get through, or is the server away? */

import { gettext } from "../site/i18n.js";

const UNOPENED = 2; // in a row, though the server answers otherwise
const BY_SOCKET = ["h264", "tiles"];

export class Reach {
  #ladder;
  #unopened = 0;

  /** @param {import("./ladder.js").Ladder} ladder */
  constructor(ladder) {
    this.#ladder = ladder;
  }

  /** One did. */
  opened() {
    this.#unopened = 0;
  }

  /** @param {string} codec of a line that did not open: ladder and server are seen to */
  async unopened(codec) {
    const answers = await fetch("/healthz", { cache: "no-store" }).then(({ ok }) => ok, () => false);
    if (!answers) {
      this.#unopened = 0;
      this.#ladder.forgive(...BY_SOCKET);
    } else if (codec !== "mjpeg") this.#unopened += 1;
    if (this.#unopened < UNOPENED) return;
    const why = gettext("No WebSocket gets through to the server from here.");
    for (const each of BY_SOCKET) this.#ladder.rest(each, why);
    this.#unopened = UNOPENED - 1; // the next time one is enough
  }
}
