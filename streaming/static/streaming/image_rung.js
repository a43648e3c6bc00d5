/**
 * MJPEG in an <img>: for networks that let no WebSocket through.
 *
 * A browser says when the first picture is there and nothing afterwards, not even that the line is
 * dead.  So the image is looked at now and then; when it stands still a snapshot tells whether the
 * screen does too.
 */

import { fit } from "./canvas_size.js";

const LOOK_EVERY_MS = 500;
const PRESENCE_EVERY_MS = 5000;
const STILL_MS = 1500; // then the server is asked
const ASKING_MS = 12_000; // the server itself waits a while for a picture
const SAMPLE = { width: 48, height: 27 };
const DIFFERENCE = 12; // of 255, of one sample's colour: more than JPEG makes of the same picture
const CODES = { 401: 4401, 403: 4403, 404: 4404, 410: 4410, 429: 4429, 503: 4503 };

export class ImageRung {
  #name;
  #image;
  #heard;
  #looking = 0;
  #counting = 0;
  #seen = null; // the sample of the image as it was last
  #seenMs = performance.now();
  #isAsking = false;
  #isClosed = false;

  codec = "mjpeg";
  wasOpen = false; // a picture has come
  isUpToDate = true;
  dropped = 0;
  receivedBytes = null; // a browser does not tell
  lastWordMs = performance.now();

  /** @param {{ name: string, tier: string }} what @param {import("./socket_rung.js").Heard} heard */
  constructor({ name, tier }, heard, image) {
    this.tier = tier;
    this.#name = name;
    this.#heard = heard;
    this.#image = image;
    image.onload = () => this.#begin();
    image.onerror = () => this.#ask();
    image.src = `/screens/${name}/mjpeg?${new URLSearchParams({ tier, at: Date.now() })}`;
  }

  sinceMs() {
    return null;
  }

  send() {}

  /** It shows itself; the canvas has it for later, as an image whose line breaks shows nothing. */
  paint(context) {
    const { naturalWidth: width, naturalHeight: height } = this.#image;
    if (!width) return 0;
    fit(context.canvas, width, height);
    context.drawImage(this.#image, 0, 0);
    return 0;
  }

  get #isBroken() {
    return !this.#image.naturalWidth;
  }

  close() {
    this.#isClosed = true;
    clearInterval(this.#looking);
    clearInterval(this.#counting);
    this.#image.onload = this.#image.onerror = null;
    this.#image.removeAttribute("src");
  }

  #begin() {
    if (this.wasOpen) return;
    this.wasOpen = true;
    const { naturalWidth: width, naturalHeight: height } = this.#image;
    this.#heard.onConfig({ codec: "mjpeg", width, height });
    this.#alive();
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS);
    if (!document.body.dataset.userId) return; // the API answers nobody else
    this.#count();
    this.#counting = setInterval(() => this.#count(), PRESENCE_EVERY_MS);
  }

  /** Who is there: no line tells it here. */
  async #count() {
    const { get } = await import("../site/api.js");
    const screen = await get(`/api/screens/${this.#name}/`).catch(() => null);
    if (screen && !this.#isClosed) this.#heard.onWords({ ...screen, type: "presence" });
  }

  #alive() {
    this.lastWordMs = performance.now();
    this.#heard.onNews();
    this.#heard.onAlive();
  }

  #look() {
    if (document.hidden) return;
    if (this.#isBroken) {
      this.#ask();
      return;
    }
    const sample = sampleOf(this.#image);
    const hasMoved = !this.#seen || differ(sample, this.#seen);
    this.#seen = sample;
    if (hasMoved) {
      this.#seenMs = performance.now();
      this.#alive();
    } else if (performance.now() - this.#seenMs > STILL_MS) this.#ask();
  }

  /** The image stands still, or none came: does the screen, does the server? */
  async #ask() {
    if (this.#isAsking || this.#isClosed) return;
    this.#isAsking = true;
    const answer = await this.#snapshot();
    this.#isAsking = false;
    if (this.#isClosed) return;
    if (answer.end) this.#heard.onClose(answer.end);
    else if (!this.wasOpen) this.#heard.onFail("no picture came");
    else if (this.#isBroken || differ(answer.sample, this.#seen)) this.#heard.onClose({ code: 1006, wasOpen: true });
    else this.#alive();
  }

  async #snapshot() {
    try {
      const signal = AbortSignal.timeout(ASKING_MS);
      const response = await fetch(`/screens/${this.#name}/snapshot.jpg`, { signal, cache: "no-store" });
      if (!response.ok) return { end: await endOf(response) };
      return { sample: sampleOf(await createImageBitmap(await response.blob())) };
    } catch {
      return { end: { code: 1006, wasOpen: this.wasOpen } };
    }
  }
}

async function endOf(response) {
  const problem = await response.json().catch(() => ({}));
  return { code: CODES[response.status] ?? 1011, wasOpen: true, detail: problem.detail, reason: problem.reason };
}

const sampler = new OffscreenCanvas(SAMPLE.width, SAMPLE.height);

function sampleOf(picture) {
  const context = sampler.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0, SAMPLE.width, SAMPLE.height);
  return context.getImageData(0, 0, SAMPLE.width, SAMPLE.height).data;
}

function differ(one, other) {
  return one.some((value, at) => Math.abs(value - other[at]) > DIFFERENCE);
}
