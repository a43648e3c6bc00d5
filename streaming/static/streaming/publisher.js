/**
 * Publishes what is captured as one screen, until it is stopped: encodes what the line takes, gives
 * key frames on demand, rests while nobody watches, and comes back when the line was lost.
 *
 * Event: "change".
 */

import { gettext } from "../site/i18n.js";
import { Patience } from "../site/patience.js";
import { H264Sender, nowUs } from "./h264_sender.js";
import { JpegSender } from "./jpeg_sender.js";
import { Meter } from "./meter.js";
import { PublishSocket } from "./publish_socket.js";

const STILL_MS = 150; // without a frame of its own, a wish for a key frame gets the last one again
const TICK_MS = 500;
/** Close codes that trying again does not change; of the last, the server's word says which it was. */
const FINAL = {
  4400: gettext("The server did not understand what this browser sent."),
  4401: gettext("You are signed out. Sign in again, then share anew."),
  4403: gettext("You may not publish this screen."),
  4404: gettext("There is no such screen any more."),
  4409: gettext("You may not publish this screen."),
  4410: gettext("You may not publish this screen any more."),
  4411: gettext("The screen was stopped by its owner or by staff."),
};
const REASONS = {
  replaced: gettext("This screen is being shared from somewhere else now."),
  deleted: gettext("There is no such screen any more."),
};

export class Publisher extends EventTarget {
  #name;
  #title;
  #capture;
  #sender;
  #socket = null;
  #patience = new Patience();
  #wantsKey = false;
  #isAccepted = false;
  #reason = ""; // of an end, as the server says it
  #ticking = 0;
  #lastFrameMs = 0;

  /** "connecting", "live", "waiting" (for the line), "ended" */
  state = "connecting";
  why = "";
  viewers = 0;
  isWanted = true;
  meter = new Meter();

  /**
   * @param {{ name: string, title: string, fps: number, capture: import("./capture.js").Capture,
   *   Sender: typeof H264Sender | typeof JpegSender }} what
   */
  constructor({ name, title, fps, capture, Sender }) {
    super();
    this.#name = name;
    this.#title = title;
    this.fps = fps;
    this.#capture = capture;
    this.#sender = this.#senderOf(Sender);
    capture.addEventListener("frame", () => this.#encode());
    capture.addEventListener("end", () => this.stop(gettext("You ended the sharing in the browser.")));
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#connect();
  }

  get codec() {
    return this.#sender.codec;
  }

  /** @param {string} [why] for people */
  stop(why = "") {
    if (this.state === "ended") return;
    clearInterval(this.#ticking);
    this.#socket?.close();
    this.#capture.stop();
    this.#sender.close();
    this.why = why;
    this.#turn("ended");
  }

  // --- line

  #connect() {
    this.#isAccepted = false;
    this.#socket = new PublishSocket(this.#name, {
      onOpen: () => this.#sender.restart(),
      onWords: (words) => this.#hear(words),
      onClose: (end) => this.#onClose(end),
    });
  }

  #hear(words) {
    if (words.type === "accepted") this.#begin();
    if (words.type === "keyframe") this.#wantKey();
    if (words.type === "viewers") Object.assign(this, { viewers: words.count, isWanted: words.wanted !== false });
    if (words.type === "error") this.#reason = words.reason ?? "";
    if (words.type === "viewers" && this.isWanted) this.#wantKey();
    this.#tell();
  }

  #begin() {
    this.#isAccepted = true;
    this.#patience.forget();
    this.#turn("live");
  }

  #onClose({ code }) {
    if (this.state === "ended") return;
    if (FINAL[code]) this.stop(REASONS[this.#reason] ?? FINAL[code]);
    else this.#retry();
  }

  async #retry() {
    this.#turn("waiting");
    await this.#patience.wait({ retryAfterS: 0 });
    if (this.state !== "ended") this.#connect();
  }

  // --- pictures

  #senderOf(Sender) {
    return new Sender({
      fps: this.fps,
      onConfig: (config) => this.#socket.sendConfig({ ...config, title: this.#title }),
      onPicture: (picture) => this.#pass(picture),
      onFail: (why) => this.#fall(why),
    });
  }

  #pass(picture) {
    this.meter.picture(null);
    this.#socket.sendPicture(this.codec, picture);
  }

  /** H.264 that fails here goes on as JPEG. */
  #fall(why) {
    if (this.state === "ended") return;
    if (this.codec === "jpeg") this.stop(gettext("The browser gives no pictures of the screen: {why}.", { why }));
    else this.#beginAgainWith(JpegSender);
  }

  /** On one line the codec cannot change. */
  #beginAgainWith(Sender) {
    this.#sender.close();
    this.#sender = this.#senderOf(Sender);
    this.#socket.close();
    this.#connect();
  }

  /** Begins with the config, which must be the first message on each line. */
  #encode() {
    this.#lastFrameMs = performance.now();
    const { newest } = this.#capture;
    if (!newest || !this.#socket.isOpen || this.#socket.isFull) return;
    if (this.#isAccepted && !this.isWanted && !this.#wantsKey) return;
    this.#wantsKey = false;
    try {
      this.#sender.encode(newest, nowUs());
    } catch (error) {
      this.#fall(error.message);
    }
  }

  #wantKey() {
    this.#wantsKey = true;
    this.#sender.wantKey();
    setTimeout(() => this.#encodeAgain(), STILL_MS);
  }

  /** The screen stands still, but somebody has come. */
  #encodeAgain() {
    if (this.#wantsKey && this.state !== "ended") this.#encode();
  }

  // --- telling

  #tick() {
    this.meter.received(this.#socket.sentBytes);
    if (this.#socket.isOpen && !this.#isAccepted && performance.now() - this.#lastFrameMs > TICK_MS) this.#encode();
    this.#tell();
  }

  #turn(state) {
    this.state = state;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
