/** One try of one way of showing a screen, and what has come of it. */

import { SocketRung } from "./socket_rung.js";

const DEAD_MS = 9000; // without a word: the line is dead, closed or not
const OPENING_MS = 6000; // some networks swallow what they do not let through
export const FIRST_PICTURE_MS = 6000;

/** Until the module of a rung is there. */
const UNOPENED = {
  wasOpen: false,
  isUpToDate: false,
  dropped: 0,
  receivedBytes: null,
  send() {},
  paint: () => 0,
  sinceMs: () => null,
  close() {},
};

export class Attempt {
  #rung = UNOPENED;
  #isClosed = false;

  sinceMs = performance.now();
  /** a picture waits to be painted */
  hasNews = false;
  /** one has been painted */
  hasPicture = false;
  config = null;
  /** as the server says it */
  serverState = "";

  /** @param {{ name: string, codec: string, tier: string }} what */
  constructor(what) {
    this.what = what;
  }

  get codec() {
    return this.what.codec;
  }

  get tier() {
    return this.what.tier;
  }

  get rung() {
    return this.#rung;
  }

  /** @param {import("./socket_rung.js").Heard} heard @param {HTMLImageElement} image for MJPEG */
  open(heard, image) {
    if (this.codec === "mjpeg") this.#openImage(heard, image);
    else this.#rung = new SocketRung(this.what, heard);
  }

  async #openImage(heard, image) {
    const module = await import("./image_rung.js").catch(() => null);
    if (this.#isClosed) return;
    if (module) this.#rung = new module.ImageRung(this.what, heard, image);
    else heard.onClose({ code: 1006, wasOpen: false });
  }

  close() {
    this.#isClosed = true;
    this.#rung.close();
  }

  isDead(nowMs) {
    const { wasOpen, lastWordMs = this.sinceMs } = this.#rung;
    return nowMs - lastWordMs > (wasOpen ? DEAD_MS : OPENING_MS);
  }

  /** Whether the line is sound and there should be a picture by now. */
  isLate(nowMs) {
    const isExpected = this.config && (this.serverState || "live") === "live";
    return Boolean(isExpected) && !this.hasPicture && nowMs - this.sinceMs > FIRST_PICTURE_MS;
  }
}
