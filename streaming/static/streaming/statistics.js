/** The light statistics of a viewer: what is used and why, and how well it goes. */

import { element } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { codecWords } from "./codec_words.js";

const EVERY_MS = 1000;
const PLAUSIBLE_MS = [-50, 60_000]; // of another clock than the server's, a delay says nothing

export class Statistics {
  #place;
  #viewer;
  #timer = 0;

  /** @param {HTMLElement} place @param {import("./viewer.js").Viewer} viewer */
  constructor(place, viewer) {
    this.#place = place;
    this.#viewer = viewer;
  }

  get isShown() {
    return !this.#place.hidden;
  }

  toggle() {
    this.#place.hidden = this.isShown;
    clearInterval(this.#timer);
    if (!this.isShown) return;
    this.#show();
    this.#timer = setInterval(() => this.#show(), EVERY_MS);
  }

  #show() {
    const rows = rowsOf(this.#viewer).map(([term, words, name]) => [
      element("dt", {}, term),
      element("dd", { "data-figure": name }, words),
    ]);
    this.#place.replaceChildren(element("dl", {}, rows));
  }
}

function rowsOf(viewer) {
  const { meter, size } = viewer;
  const unknown = gettext("not known");
  const delay = meter.latencyMs;
  const hasDelay = delay !== null && delay > PLAUSIBLE_MS[0] && delay < PLAUSIBLE_MS[1];
  return [
    [gettext("Format"), codecWords(viewer.codec), "codec"],
    [gettext("Because"), viewer.why || gettext("it is the best there is, and it works here."), "why"],
    [gettext("Picture"), `${figures.number(size.width)} × ${figures.number(size.height)}`, "size"],
    [gettext("Pictures per second"), viewer.codec === "mjpeg" ? unknown : figures.number(Math.round(meter.fps)), "fps"],
    [gettext("Delay"), hasDelay ? gettext("{ms} ms", { ms: Math.max(0, Math.round(delay)) }) : unknown, "latency"],
    [gettext("Data"), meter.bytesPerSecond === null ? unknown : figures.bytesPerSecond(meter.bytesPerSecond), "rate"],
    [gettext("Dropped here"), figures.number(viewer.dropped), "dropped"],
  ];
}
