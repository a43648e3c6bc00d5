/** The line by which a screen is published: config and pictures out, wishes in. */

import { ServerClock, nowMs } from "./server_clock.js";
import { KIND, pack, packConfig } from "./wire.js";

const KINDS = { h264: KIND.h264, jpeg: KIND.jpeg };
const PING_EVERY_MS = 1000; // a server that hears nothing says that the picture is not live
const MOST_WAITING_BYTES = 1_000_000; // in the browser; more means the line is slower than the pictures

export class PublishSocket {
  #socket;
  #heard;
  #sequence = 0;
  #clock = new ServerClock();
  #pinging = 0;

  sentBytes = 0;

  /**
   * @param {string} name of the screen
   * @param {{ onOpen: () => void, onWords: (words: any) => void,
   *   onClose: (end: { code: number, wasOpen: boolean }) => void }} heard
   */
  constructor(name, heard) {
    let wasOpen = false;
    this.#heard = heard;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.#socket = new WebSocket(`${scheme}://${location.host}/ws/screens/${name}/publish/`);
    this.#socket.onopen = () => {
      wasOpen = true;
      this.#pinging = setInterval(() => this.#ping(), PING_EVERY_MS);
      this.#heard?.onOpen();
    };
    this.#socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    this.#socket.onclose = ({ code }) => {
      clearInterval(this.#pinging);
      this.#heard?.onClose({ code, wasOpen });
    };
  }

  get isOpen() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Whether the line takes no more for now: what is not sent is not late either. */
  get isFull() {
    return this.#socket.bufferedAmount > MOST_WAITING_BYTES;
  }

  /** @param {object} config */
  sendConfig(config) {
    this.#send(packConfig(config));
  }

  /**
   * @param {string} codec
   * @param {{ payload: Uint8Array, isKey: boolean, capturedAtUs: number }} picture capturedAtUs: by
   *   this machine's clock; viewers are told it by the server's
   */
  sendPicture(codec, { payload, isKey, capturedAtUs: atUs }) {
    const capturedAtUs = Math.round(atUs + (this.#clock.aheadMs ?? 0) * 1000);
    this.#send(pack(KINDS[codec], payload, { isKey, sequence: this.#sequence, capturedAtUs }));
    this.#sequence += 1;
  }

  /** Nothing is heard of it afterwards. */
  close() {
    clearInterval(this.#pinging);
    this.#heard = null;
    this.#socket.close(1000);
  }

  #ping() {
    if (this.isOpen) this.#socket.send(JSON.stringify({ type: "ping", sent_at: nowMs() }));
  }

  #hear(words) {
    if (words.type === "pong") this.#clock.hear({ sentAtMs: words.sent_at, serverAtUs: words.server_at });
    else this.#heard?.onWords(words);
  }

  #send(message) {
    if (!this.isOpen) return;
    this.sentBytes += message.byteLength;
    this.#socket.send(message);
  }
}
