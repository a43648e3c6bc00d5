/** The line to one screen in one codec: config, pictures and words in, wishes out. */

import { ServerClock, nowMs } from "./server_clock.js";
import { KIND, configOf, unpack } from "./wire.js";

const PING_EVERY_MS = 2500;
const KEY_EVERY_MS = 500; // one wish for a key frame; the server bounds them too

/**
 * @typedef {object} Heard what the owner of a line wants to hear
 * @property {(config: any) => void} onConfig
 * @property {(message: import("./wire.js").Message) => void} onFrame
 * @property {(words: any) => void} onWords a control message
 * @property {(end: { code: number, wasOpen: boolean }) => void} onClose
 */

export class ScreenSocket {
  #socket;
  #heard;
  #pinging = 0;
  #keyWantedMs = -Infinity;

  wasOpen = false;
  clock = new ServerClock();
  receivedBytes = 0;
  /** performance.now() of the last message of whatever kind */
  lastWordMs = performance.now();

  /** @param {{ name: string, codec: string, tier: string }} what @param {Heard} heard */
  constructor({ name, codec, tier }, heard) {
    this.#heard = heard;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = new URLSearchParams({ codec, tier });
    this.#socket = new WebSocket(`${scheme}://${location.host}/ws/screens/${name}/?${query}`);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onopen = () => this.#begin();
    this.#socket.onmessage = ({ data }) => this.#hear(data);
    this.#socket.onclose = ({ code }) => this.#end(code);
  }

  /** @param {object} message */
  send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  wantKey() {
    if (performance.now() - this.#keyWantedMs < KEY_EVERY_MS) return;
    this.#keyWantedMs = performance.now();
    this.send({ type: "keyframe" });
  }

  /** Nothing is heard of it afterwards. */
  close() {
    clearInterval(this.#pinging);
    this.#heard = null;
    this.#socket.close();
  }

  #begin() {
    this.wasOpen = true;
    this.#pinging = setInterval(() => this.#ping(), PING_EVERY_MS);
  }

  #ping() {
    this.send({ type: "ping", sent_at: nowMs() });
  }

  #hear(data) {
    if (!this.#heard) return;
    this.lastWordMs = performance.now();
    if (typeof data === "string") this.#hearWords(JSON.parse(data));
    else this.#hearPicture(data);
  }

  #hearWords(words) {
    if (words.type === "pong") this.clock.hear({ sentAtMs: words.sent_at, serverAtUs: words.server_at });
    else this.#heard.onWords(words);
  }

  #hearPicture(data) {
    this.receivedBytes += data.byteLength;
    const message = unpack(data);
    if (message.kind === KIND.config) this.#configure(configOf(message));
    else this.#heard.onFrame(message);
  }

  #configure(config) {
    if (this.clock.aheadMs === null) this.#ping(); // what is sent earlier than this may not be heard
    this.#heard.onConfig(config);
  }

  #end(code) {
    clearInterval(this.#pinging);
    this.#heard?.onClose({ code, wasOpen: this.wasOpen });
  }
}
