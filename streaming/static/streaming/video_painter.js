/**
 * H.264 by WebCodecs.  Late pictures are worth nothing: when more wait for the decoder than it takes
 * in a moment, all up to the next key frame are dropped, and of the decoded only the newest is kept.
 */

import { fit } from "./canvas_size.js";

const MOST_WAITING = 8;
const HELD_BACK = 2; // by decoders that work on several pictures at once

export class VideoPainter {
  #asks;
  #decoder = null;
  #newest = null;
  #needsKey = true;
  #taken = 0;
  #decoded = 0;

  dropped = 0;

  /** @param {import("./tile_painter.js").Asks} asks */
  constructor(asks) {
    this.#asks = asks;
  }

  configure({ description, width, height }) {
    this.close();
    this.#taken = this.#decoded = 0;
    this.#decoder = new VideoDecoder({
      output: (frame) => this.#keep(frame),
      error: ({ message }) => this.#asks.onFail(message),
    });
    const size = { codedWidth: width, codedHeight: height };
    this.#decoder.configure({ codec: description, ...size, optimizeForLatency: true });
  }

  /** @param {import("./wire.js").Message} message */
  take({ isKey, capturedAtUs, payload }) {
    if (this.#decoder?.state !== "configured") return;
    if (this.#decoder.decodeQueueSize > MOST_WAITING) this.#needsKey = true;
    if (this.#needsKey && !isKey) {
      this.dropped += 1;
      this.#asks.wantKey();
      return;
    }
    this.#needsKey = false;
    this.#decode({ type: isKey ? "key" : "delta", timestamp: capturedAtUs, data: payload });
  }

  #decode(chunk) {
    try {
      this.#decoder.decode(new EncodedVideoChunk(chunk));
      this.#taken += 1;
    } catch (error) {
      this.#asks.onFail(error.message);
    }
  }

  #keep(frame) {
    this.#decoded += 1;
    if (this.#newest) {
      this.dropped += 1;
      this.#newest.close();
    }
    this.#newest = frame;
    this.#asks.onNews();
  }

  /** Whether everything that came has been decoded. */
  get isUpToDate() {
    return this.#taken - this.#decoded <= HELD_BACK;
  }

  /** @param {CanvasRenderingContext2D} context @returns {number} of the picture's capture, µs; 0: nothing new */
  paint(context) {
    if (!this.#newest) return 0;
    const { timestamp, displayWidth: width, displayHeight: height } = this.#newest;
    fit(context.canvas, width, height);
    context.drawImage(this.#newest, 0, 0, width, height);
    this.#forget();
    return timestamp;
  }

  #forget() {
    this.#newest?.close();
    this.#newest = null;
  }

  close() {
    this.#forget();
    this.#needsKey = true;
    if (this.#decoder && this.#decoder.state !== "closed") this.#decoder.close();
    this.#decoder = null;
  }
}
