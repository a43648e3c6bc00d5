/**
 * The ways of showing a screen, the best first, and which of them to use now.  One that failed is
 * left alone for a while, longer each time, and then tried again.
 */

import { gettext } from "../site/i18n.js";

const FIRST_REST_MS = 5000;
const LONGEST_REST_MS = 120_000;
const GOOD_AFTER_MS = 60_000; // then the next failure is the first again
const RUNGS = ["h264", "tiles", "mjpeg"];
export const LIGHT = "light";
export const FULL = "full";

export class Ladder {
  #impossible; // codec -> why
  #rests = new Map(); // codec or tier -> {untilMs, failures, why}

  /** @param {Record<string, string>} impossible why a codec cannot be used on this page at all */
  constructor(impossible) {
    this.#impossible = impossible;
  }

  /** @returns {{ codec: string, tier: string }} */
  best() {
    const codec = RUNGS.find((each) => !this.#impossible[each] && !this.#isResting(each)) ?? "mjpeg";
    return { codec, tier: this.#isResting(FULL) ? LIGHT : FULL };
  }

  /** @param {string} what a codec, or the tier FULL @param {string} why for people */
  rest(what, why) {
    const failures = (this.#rests.get(what)?.failures ?? 0) + 1;
    const restMs = Math.min(FIRST_REST_MS * 2 ** (failures - 1), LONGEST_REST_MS);
    const untilMs = performance.now() + restMs * (0.8 + 0.4 * Math.random());
    this.#rests.set(what, { untilMs, failures, why });
  }

  /** It has worked since then. */
  worksSince(what, sinceMs) {
    if (performance.now() - sinceMs > GOOD_AFTER_MS) this.#rests.delete(what);
  }

  /** The server was away: what failed meanwhile says nothing about this browser. */
  forgive(...codecs) {
    for (const codec of codecs) this.#rests.delete(codec);
  }

  /** Why nothing better than `codec` is used; "" for the best. */
  why(codec) {
    const better = RUNGS.slice(0, RUNGS.indexOf(codec));
    const reasons = better.map((each) => this.#impossible[each] ?? this.#rests.get(each)?.why);
    return [...new Set(reasons.filter(Boolean))].join(" ");
  }

  #isResting(what) {
    return (this.#rests.get(what)?.untilMs ?? 0) > performance.now();
  }
}

/** What this browser cannot do on this page, with the reason. @returns {Promise<Record<string, string>>} */
export async function impossibleHere() {
  const why = await whyNoVideo();
  return {
    ...(why && { h264: why }),
    ...(!("WebSocket" in window) && {
      tiles: gettext("This browser has no WebSocket."),
      h264: gettext("This browser has no WebSocket."),
    }),
  };
}

async function whyNoVideo() {
  if (!isSecureContext) {
    return gettext("H.264 needs https: on plain http, browsers decode it for no page but those of the machine itself.");
  }
  if (!("VideoDecoder" in window)) return gettext("This browser cannot decode H.264 for a page: it has no WebCodecs.");
  const { supported } = await VideoDecoder.isConfigSupported({ codec: "avc1.42e01f" }).catch(() => ({}));
  return supported ? "" : gettext("This browser does not decode H.264.");
}
