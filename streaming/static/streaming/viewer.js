/**
 * Watches one screen: keeps a picture on the canvas by the best way that works here, and knows at
 * any moment whether that picture is what the screen shows.
 *
 * A better way is tried beside the one in use and takes over with its first picture.  Events:
 * "change" for state and facts, "picture" after each one painted.
 */

import { gettext } from "../site/i18n.js";
import { Patience } from "../site/patience.js";
import { Attempt, FIRST_PICTURE_MS } from "./attempt.js";
import { codecWords } from "./codec_words.js";
import { FULL, LIGHT } from "./ladder.js";
import { Meter } from "./meter.js";
import { Reach } from "./reach.js";

const TICK_MS = 500;
const STALE_MS = 3000;
const STATS_EVERY_MS = 5000;
const FULL_RETRY_S = 10;
const CLOSING_MS = 1000; // between the word of an end and the end, whose code says which it was

const LIVELY = new Set(["live", "slow", "stale"]);
const BAD_REQUEST = 4400;
const STALLED = 4408;
/** Close code -> state; some of them the page tries to get over by itself. */
const ENDS = {
  4401: "signed-out",
  4403: "refused",
  4404: "unknown",
  4410: "revoked",
  4411: "ended",
  4429: "full",
  4503: "unavailable",
};
const RETRIED = new Set(["ended", "full", "unavailable"]);
/** What the server says of a screen without a picture of now -> our state. */
const WITHOUT_PICTURE = { idle: "waiting", paused: "held", unavailable: "unavailable" };

export class Viewer extends EventTarget {
  #name;
  #canvas;
  #context;
  #image;
  #ladder;
  #reach;
  #patience = new Patience();
  #shown = null;
  #trial = null;
  #newsMs = 0;
  #statsMs = 0;
  #isPaintDue = false;
  #hasEnded = false;

  /** "connecting", "live", "slow", "stale", "paused", or one of ENDS and WITHOUT_PICTURE */
  state = "connecting";
  detail = ""; // the server's sentence
  note = ""; // the same beside a picture: why it is not what one would expect
  reason = "";
  viewers = null;
  presenter = "";
  pictures = 0;
  meter = new Meter();

  /** @param {{ name: string, canvas: HTMLCanvasElement, image: HTMLImageElement, ladder: import("./ladder.js").Ladder }} parts */
  constructor({ name, canvas, image, ladder }) {
    super();
    this.#name = name;
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#image = image;
    this.#ladder = ladder;
    this.#reach = new Reach(ladder);
    setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    addEventListener("pagehide", () => this.#shown?.close());
    this.#connect();
  }

  // --- what is shown, for others

  get codec() {
    return this.#shown?.codec ?? "";
  }

  get tier() {
    return this.#shown?.tier ?? FULL;
  }

  get why() {
    return this.#ladder.why(this.codec);
  }

  get dropped() {
    return this.#shown?.rung.dropped ?? 0;
  }

  /** Seconds since the picture that is shown was known to be what the screen shows. */
  get ageS() {
    return (performance.now() - this.#newsMs) / 1000;
  }

  get hasPicture() {
    return this.pictures > 0;
  }

  /** What to copy a picture from. @returns {HTMLCanvasElement | HTMLImageElement} */
  get picture() {
    return this.codec === "mjpeg" ? this.#image : this.#canvas;
  }

  get size() {
    const { picture } = this;
    return picture === this.#canvas
      ? { width: picture.width, height: picture.height }
      : { width: picture.naturalWidth, height: picture.naturalHeight };
  }

  // --- what a person wants

  pause() {
    if (this.state === "paused") return;
    this.#drop("trial");
    if (this.codec === "mjpeg") this.#freeze();
    this.#shown?.rung.send({ type: "pause" });
    this.#turn("paused");
  }

  resume() {
    if (this.state !== "paused") return;
    this.#newsMs = performance.now();
    this.#turn("connecting");
    if (this.#shown) this.#shown.rung.send({ type: "resume" });
    else this.#connect();
  }

  /** After an end that the page does not try to get over by itself, or sooner than it would. */
  again() {
    this.#patience.forget();
    this.#drop("shown");
    this.#turn("connecting");
    if (this.#patience.isWaiting) this.#patience.wake();
    else this.#connect();
  }

  #freeze() {
    const { width, height } = this.size;
    Object.assign(this.#canvas, { width, height });
    this.#context.drawImage(this.#image, 0, 0);
    this.#drop("shown");
  }

  // --- lines

  #connect() {
    this.#hasEnded = false;
    this.#shown = this.#attempt(this.#ladder.best());
  }

  #attempt({ codec, tier }) {
    const attempt = new Attempt({ name: this.#name, codec, tier });
    const mine = (then) => (value) => {
      if (attempt === this.#shown || attempt === this.#trial) then(value);
    };
    attempt.open({
      onNews: mine(() => this.#onNews(attempt)),
      onConfig: mine((config) => this.#onConfig(attempt, config)),
      onWords: mine((words) => this.#onWords(attempt, words)),
      onAlive: mine(() => this.#onAlive(attempt)),
      onFail: mine((why) => this.#onFail(attempt, why)),
      onClose: mine((end) => this.#onClose(attempt, end)),
    }, this.#image);
    return attempt;
  }

  /** @param {"shown" | "trial"} which */
  #drop(which) {
    const attempt = which === "trial" ? this.#trial : this.#shown;
    if (which === "trial") this.#trial = null;
    else this.#shown = null;
    attempt?.close();
    if (attempt?.codec === "mjpeg") this.#show(this.#canvas);
  }

  #onConfig(attempt, config) {
    attempt.config = config;
    this.#reach.opened();
    if (attempt === this.#shown) this.#tell("change");
  }

  #onFail(attempt, why) {
    const { codec } = attempt;
    this.#ladder.rest(codec, gettext("{codec} failed here ({why}); it is tried again by and by.", { codec: codecWords(codec), why }));
    if (attempt === this.#trial) return this.#drop("trial");
    this.#drop("shown");
    return this.#connect();
  }

  #onClose(attempt, { code, wasOpen, detail, reason }) {
    if (attempt === this.#trial) return this.#giveUpTrial();
    this.#drop("shown");
    if (this.state === "paused") return undefined; // seen to on going on
    if (code === BAD_REQUEST) return this.#onFail(attempt, String(code));
    if (code === STALLED) this.#slow();
    if (ENDS[code]) return this.#end(ENDS[code], detail, reason);
    this.#turn(this.hasPicture ? "stale" : "connecting");
    return wasOpen ? this.#retry() : this.#onUnopened(attempt);
  }

  #giveUpTrial() {
    const { codec, tier } = this.#trial;
    const isSameCodec = codec === this.codec;
    this.#drop("trial");
    if (!isSameCodec) this.#ladder.rest(codec, gettext("{codec} did not begin; it is tried again by and by.", { codec: codecWords(codec) }));
    else if (tier === FULL) this.#slow();
    else this.#ladder.forgive(FULL);
  }

  async #onUnopened({ codec }) {
    await this.#reach.unopened(codec);
    this.#retry();
  }

  #end(state, detail, reason) {
    if (detail) Object.assign(this, { detail, reason: reason ?? "" });
    this.#hasEnded = true;
    this.#turn(state);
    if (RETRIED.has(state)) this.#retry(state === "full" ? FULL_RETRY_S : 0);
  }

  async #retry(retryAfterS = 0) {
    if (this.#patience.isWaiting) return;
    await this.#patience.wait({ retryAfterS });
    if (!this.#shown && this.state !== "paused") this.#connect();
  }

  // --- what is heard

  #onWords(attempt, words) {
    if (words.type === "presence") Object.assign(this, { viewers: words.viewers, presenter: words.presenter ?? "" });
    if (words.type === "slow") this.#slow();
    if (words.type === "error") Object.assign(this, { reason: words.reason ?? "", detail: words.detail ?? "" });
    if (words.type === "state") this.#onState(attempt, words);
    this.#tell("change");
  }

  #onState(attempt, { state, reason = "", detail = "" }) {
    attempt.serverState = state;
    if (state === "live" && reason) this.note = detail;
    if (attempt !== this.#shown || state === "live" || this.state === "paused") return;
    Object.assign(this, { reason, detail });
    if (state === "ended") setTimeout(() => attempt === this.#shown && this.#turn("ended"), CLOSING_MS);
    else if (WITHOUT_PICTURE[state] && (state !== "idle" || reason)) this.#turn(WITHOUT_PICTURE[state]);
    else if (!LIVELY.has(this.state)) this.#turn("connecting");
  }

  #slow() {
    this.#ladder.rest(FULL, "");
  }

  #onAlive(attempt) {
    if (attempt !== this.#shown || !attempt.hasPicture || this.state === "paused") return;
    this.#newsMs = performance.now();
    this.#turn(this.#liveState);
  }

  get #liveState() {
    return this.tier === LIGHT ? "slow" : "live";
  }

  // --- pictures

  #onNews(attempt) {
    attempt.hasNews = true;
    if (this.#isPaintDue) return;
    this.#isPaintDue = true;
    if (document.hidden) this.#paint();
    else requestAnimationFrame(() => this.#paint());
  }

  #onVisibility() {
    if (document.hidden && this.#isPaintDue) this.#paint(); // no animation frame comes now
    else if (!document.hidden) this.#patience.wake();
  }

  #paint() {
    if (!this.#isPaintDue) return;
    this.#isPaintDue = false;
    if (this.#trial?.hasNews) this.#takeOver();
    const attempt = this.#shown;
    if (!attempt?.hasNews || this.state === "paused") return;
    attempt.hasNews = false;
    const atUs = attempt.rung.paint(this.#context);
    if (atUs) this.meter.picture(attempt.rung.sinceMs(atUs));
    if (!attempt.hasPicture) this.#begin(attempt);
    this.pictures += 1;
    this.#newsMs = performance.now();
    this.#turn(this.#liveState);
    this.#tell("picture");
  }

  #takeOver() {
    const trial = this.#trial;
    this.#trial = null;
    this.#drop("shown");
    this.#shown = trial;
  }

  #begin(attempt) {
    attempt.hasPicture = true;
    this.#patience.forget();
    this.#show(attempt.codec === "mjpeg" ? this.#image : this.#canvas);
    this.#tell("change");
  }

  /** @param {HTMLElement} picture of the two */
  #show(picture) {
    this.#canvas.hidden = picture !== this.#canvas;
    this.#image.hidden = picture !== this.#image;
  }

  // --- time

  #tick() {
    if (this.#shown) this.meter.received(this.#shown.rung.receivedBytes);
    if (this.state === "paused" || this.#hasEnded) return;
    const nowMs = performance.now();
    if (this.state === this.#liveState && nowMs - this.#newsMs > STALE_MS) this.#turn("stale");
    if (this.#shown) this.#look(this.#shown, nowMs);
    if (this.#trial && nowMs - this.#trial.sinceMs > FIRST_PICTURE_MS) this.#giveUpTrial();
    if (this.state === this.#liveState && !this.#trial) this.#climb();
    if (nowMs - this.#statsMs > STATS_EVERY_MS) this.#sendStats(nowMs);
    this.#tell("change");
  }

  #look(attempt, nowMs) {
    if (attempt.isDead(nowMs)) this.#onClose(attempt, { code: 1006, wasOpen: attempt.rung.wasOpen });
    else if (attempt.isLate(nowMs)) this.#onFail(attempt, gettext("no picture came in time"));
    else if (attempt.hasPicture) for (const what of [attempt.codec, attempt.tier]) this.#ladder.worksSince(what, attempt.sinceMs);
  }

  #climb() {
    const best = this.#ladder.best();
    if (best.codec === this.codec && best.tier === this.tier) return;
    this.#trial = this.#attempt(best);
  }

  #sendStats(nowMs) {
    this.#statsMs = nowMs;
    const { fps, latencyMs } = this.meter;
    const latency = latencyMs === null ? null : Math.round(latencyMs);
    this.#shown?.rung.send({ type: "stats", fps: Math.round(fps), latency_ms: latency, dropped: this.dropped });
  }

  // --- telling

  #turn(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell("change");
  }

  #tell(type) {
    this.dispatchEvent(new Event(type));
  }
}
