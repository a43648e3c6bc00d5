/**
 * A way of showing a screen over a WebSocket: a line, and a painter for what comes by it.  The
 * painter's module is fetched while the line opens.
 */

import { ScreenSocket } from "./screen_socket.js";

const PAINTERS = {
  h264: async () => (await import("./video_painter.js")).VideoPainter,
  tiles: async () => (await import("./tile_painter.js")).TilePainter,
};

/**
 * @typedef {object} Heard what the owner of a rung wants to hear
 * @property {() => void} onNews there is a picture to paint
 * @property {(config: any) => void} onConfig
 * @property {(words: any) => void} onWords
 * @property {() => void} onAlive what is shown is what the screen shows
 * @property {(why: string) => void} onFail this way does not work here; the line may be sound
 * @property {(end: { code: number, wasOpen: boolean, detail?: string }) => void} onClose
 */

export class SocketRung {
  #painter = null;
  #early = []; // what is to be done with it once it is there; a line without a picture is given up
  #heard;
  #decoding = ""; // what the painter was configured for
  #isClosed = false;

  /** @param {{ name: string, codec: string, tier: string }} what @param {Heard} heard */
  constructor(what, heard) {
    this.codec = what.codec;
    this.tier = what.tier;
    this.#heard = heard;
    this.socket = new ScreenSocket(what, {
      onConfig: (config) => this.#configure(config),
      onFrame: (message) => this.#take(message),
      onWords: (words) => this.#hear(words),
      onClose: (end) => heard.onClose(end),
    });
    this.#fetchPainter();
  }

  async #fetchPainter() {
    try {
      const Painter = await PAINTERS[this.codec]();
      this.#tell(() => this.#paintWith(Painter));
    } catch (error) {
      this.#tell(() => this.#heard.onFail(error.message));
    }
  }

  #paintWith(Painter) {
    this.#painter = new Painter({
      onNews: () => this.#tell(() => this.#heard.onNews()),
      onFail: (why) => this.#tell(() => this.#heard.onFail(why)),
      wantKey: () => this.socket.wantKey(),
    });
    for (const act of this.#early.splice(0)) this.#do(act);
  }

  get isUpToDate() {
    return this.#painter?.isUpToDate ?? false;
  }

  /** Whether the server has been reached this way. */
  get wasOpen() {
    return this.socket.wasOpen;
  }

  get dropped() {
    return this.#painter?.dropped ?? 0;
  }

  get receivedBytes() {
    return this.socket.receivedBytes;
  }

  /** performance.now() of the last word from the server */
  get lastWordMs() {
    return this.socket.lastWordMs;
  }

  sinceMs(atUs) {
    return this.socket.clock.sinceMs(atUs);
  }

  send(message) {
    this.socket.send(message);
  }

  paint(context) {
    return this.#painter.paint(context);
  }

  close() {
    this.#isClosed = true;
    this.socket.close();
    this.#painter?.close();
  }

  /** Of another rate alone the pictures go on as before. */
  #configure(config) {
    this.#heard.onConfig(config);
    const decoding = JSON.stringify({ ...config, fps: 0 });
    if (decoding === this.#decoding) return;
    this.#decoding = decoding;
    this.#do((painter) => painter.configure(config));
  }

  #take(message) {
    this.#do((painter) => painter.take(message));
  }

  /** In the order of coming, also what comes before the painter. */
  #do(act) {
    if (!this.#painter) {
      this.#early.push(act);
      return;
    }
    try {
      act(this.#painter);
    } catch (error) {
      this.#tell(() => this.#heard.onFail(error.message));
    }
  }

  /** A still screen says now and then that it is there. */
  #hear(words) {
    if (words.type === "state" && words.state === "live" && this.isUpToDate) this.#heard.onAlive();
    this.#heard.onWords(words);
  }

  #tell(what) {
    if (!this.#isClosed) what();
  }
}
