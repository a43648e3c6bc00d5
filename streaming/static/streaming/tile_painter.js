/**
 * Changed tiles, painted in the order in which they came.  While some are being decoded, newer ones
 * take the place of those that wait: however slow this machine is, it works on the newest picture.
 */

import { fit } from "./canvas_size.js";
import { tilesOf } from "./wire.js";

const MOST_WAITING = 1500; // three full pictures of the smallest tiles

/**
 * @typedef {object} Asks what a painter asks of its owner
 * @property {() => void} onNews there is something to paint
 * @property {(why: string) => void} onFail it cannot go on
 * @property {() => void} wantKey
 */

export class TilePainter {
  #asks;
  #size = { width: 0, height: 0 };
  #waiting = new Map(); // place -> Tile, the oldest first
  #ready = []; // {bitmap, x, y}
  #capturedAtUs = 0;
  #readyAtUs = 0;
  #isDecoding = false;
  #isClosed = false;

  dropped = 0;

  /** @param {Asks} asks */
  constructor(asks) {
    this.#asks = asks;
  }

  configure({ width, height }) {
    this.#size = { width, height };
    this.#waiting.clear();
    this.#forget();
  }

  /** @param {import("./wire.js").Message} message */
  take(message) {
    if (message.isKey) this.#waiting.clear();
    for (const tile of tilesOf(message)) this.#wait(tile);
    this.#capturedAtUs = message.capturedAtUs;
    if (this.#waiting.size > MOST_WAITING) this.#giveUpWaiting();
    if (!this.#isDecoding) this.#decodeAll();
  }

  #wait(tile) {
    const place = `${tile.x},${tile.y},${tile.width},${tile.height}`;
    if (this.#waiting.delete(place)) this.dropped += 1;
    this.#waiting.set(place, tile);
  }

  #giveUpWaiting() {
    this.dropped += this.#waiting.size;
    this.#waiting.clear();
    this.#asks.wantKey();
  }

  async #decodeAll() {
    this.#isDecoding = true;
    while (this.#waiting.size && !this.#isClosed) {
      const tiles = [...this.#waiting.values()];
      const capturedAtUs = this.#capturedAtUs;
      this.#waiting.clear();
      const bitmaps = await Promise.all(tiles.map(bitmapOf)).catch((error) => this.#fail(error));
      if (!bitmaps) break;
      this.#ready.push(...bitmaps.map((bitmap, at) => ({ bitmap, x: tiles[at].x, y: tiles[at].y })));
      this.#readyAtUs = capturedAtUs;
      this.#asks.onNews();
    }
    this.#isDecoding = false;
  }

  #fail(error) {
    if (!this.#isClosed) this.#asks.onFail(error.message);
    return null;
  }

  /** Whether everything that came has been decoded. */
  get isUpToDate() {
    return !this.#isDecoding;
  }

  /** @param {CanvasRenderingContext2D} context @returns {number} of the picture's capture, µs; 0: nothing new */
  paint(context) {
    if (!this.#ready.length) return 0;
    fit(context.canvas, this.#size.width, this.#size.height);
    for (const { bitmap, x, y } of this.#ready) context.drawImage(bitmap, x, y);
    this.#forget();
    return this.#readyAtUs;
  }

  #forget() {
    for (const { bitmap } of this.#ready) bitmap.close();
    this.#ready = [];
  }

  close() {
    this.#isClosed = true;
    this.#waiting.clear();
    this.#forget();
  }
}

function bitmapOf({ jpeg }) {
  return createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
}
