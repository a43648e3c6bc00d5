/** What was just done, for some seconds, with a way to take it back. */

import { announce } from "../site/announcer.js";
import { copyTextOf } from "../site/clipboard.js";
import { button, element } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

const SHOWN_MS = 8000;

export class Toast {
  #place;
  #timer = 0;

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /** @param {string} sentence @param {(() => void) | null} [undo] */
  tell(sentence, undo = null) {
    clearTimeout(this.#timer);
    const take = () => {
      this.hide();
      undo();
    };
    this.#place.replaceChildren(element("span", {}, sentence), undo ? button(gettext("Undo"), take, { class: "plain" }) : "");
    this.#place.hidden = false;
    announce(sentence);
    this.#timer = setTimeout(() => this.hide(), SHOWN_MS);
  }

  hide() {
    this.#place.hidden = true;
  }

  /** @returns {Promise<boolean>} whether `text` is in the clipboard */
  async copy(text) {
    const source = element("pre", { class: "unseen" }, text);
    const focused = document.activeElement;
    document.body.append(source);
    const isCopied = await copyTextOf(source);
    source.remove();
    focused?.focus({ preventScroll: true });
    return isCopied;
  }
}
