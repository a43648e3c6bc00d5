/** Whole JPEGs from a canvas: for browsers without WebCodecs.  One at a time, so none waits. */

import { areaOf } from "./capture.js";

const QUALITY = 0.8;
const MOST_FPS = 10;

export class JpegSender {
  #send;
  #spacingMs;
  #fps;
  #canvas = new OffscreenCanvas(1, 1); // an element's toBlob waits for idle time, which a hidden page has not
  #isEncoding = false;
  #lastMs = -Infinity;
  #hasConfig = false;

  codec = "jpeg";
  dropped = 0;

  /** As H264Sender's. */
  constructor({ fps, onConfig, onPicture, onFail }) {
    this.#fps = Math.min(fps, MOST_FPS);
    this.#spacingMs = 1000 / this.#fps;
    this.#send = { onConfig, onPicture, onFail };
  }

  /** Each picture stands alone: the next one is what is wanted. */
  wantKey() {
    this.#lastMs = -Infinity;
  }

  restart() {
    this.#hasConfig = false;
  }

  /** @param {VideoFrame | HTMLVideoElement} frame @param {number} capturedAtUs */
  encode(frame, capturedAtUs) {
    const { width, height } = areaOf(frame);
    if (!width || this.#isEncoding || performance.now() - this.#lastMs < this.#spacingMs * 0.9) {
      this.dropped += 1;
      return;
    }
    this.#lastMs = performance.now();
    this.#isEncoding = true;
    this.#draw(frame, width, height);
    this.#pass(this.#canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY }), capturedAtUs);
  }

  close() {}

  #draw(frame, width, height) {
    if (!this.#hasConfig || this.#canvas.width !== width || this.#canvas.height !== height) {
      Object.assign(this.#canvas, { width, height });
      this.#hasConfig = true;
      this.#send.onConfig({ codec: "jpeg", width, height, fps: this.#fps });
    }
    this.#canvas.getContext("2d").drawImage(frame, 0, 0, width, height);
  }

  /** @param {Promise<Blob>} encoding */
  async #pass(encoding, capturedAtUs) {
    try {
      const payload = new Uint8Array(await (await encoding).arrayBuffer());
      this.#send.onPicture({ payload, isKey: true, capturedAtUs });
    } catch (error) {
      this.#send.onFail(error.message);
    }
    this.#isEncoding = false;
  }
}
