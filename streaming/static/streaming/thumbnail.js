/** A small picture of a screen, taken anew now and then while somebody can see it. */

import { forReaders } from "../site/api.js";
import { element, icon } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

const EVERY_MS = 15_000; // each one has the screen captured for some seconds
const AFTER_FAILURE_MS = 20_000;

export class Thumbnail {
  #name;
  #image;
  #why = element("span", {});
  #isSeen = false;
  #isThere = false;
  #isAsking = false;
  #notBeforeMs = 0;
  #timer = 0;

  /** @param {string} name of the screen @param {HTMLImageElement} [image] that shows it already */
  constructor(name, image = element("img", { alt: "", width: 480, height: 270 })) {
    this.#name = name;
    this.#image = image;
    image.hidden = !image.naturalWidth;
    const label = gettext("Watch {name}", { name });
    this.view = element(
      "a",
      { class: "thumbnail", href: `/screens/${name}/`, "aria-label": label, tabindex: "-1" },
      this.#image,
      element("span", { class: "thumbnail-none" }, icon("screen"), this.#why),
    );
    this.#timer = setInterval(() => this.#take(), 1000);
    new IntersectionObserver(([{ isIntersecting }]) => {
      this.#isSeen = isIntersecting;
      this.#take();
    }).observe(this.view);
  }

  /** @param {{ isThere: boolean, why: string }} state why: there is none, as the server says it */
  update({ isThere, why }) {
    if (isThere && !this.#isThere) this.#notBeforeMs = 0;
    this.#isThere = isThere;
    if (!isThere) this.#showNone(why);
    this.#take();
  }

  stop() {
    clearInterval(this.#timer);
    URL.revokeObjectURL(this.#image.src);
  }

  async #take() {
    if (!this.#isThere || !this.#isSeen || document.hidden || this.#isAsking) return;
    if (performance.now() < this.#notBeforeMs) return;
    this.#isAsking = true;
    const isTaken = await this.#ask().catch(() => false);
    this.#notBeforeMs = performance.now() + (isTaken ? EVERY_MS : AFTER_FAILURE_MS);
    this.#isAsking = false;
  }

  async #ask() {
    const response = await fetch(`/screens/${this.#name}/snapshot.jpg?tier=light`, { cache: "no-store" });
    if (response.ok) return this.#show(await response.blob());
    const { detail = "" } = await response.json().catch(() => ({}));
    this.#showNone(detail);
    return false;
  }

  async #show(picture) {
    const before = this.#image.src;
    this.#image.src = URL.createObjectURL(picture);
    await this.#image.decode();
    this.#image.hidden = false;
    if (before) URL.revokeObjectURL(before);
    return true;
  }

  async #showNone(why) {
    this.#image.hidden = true;
    this.#why.textContent = why && (await forReaders(why));
  }
}
