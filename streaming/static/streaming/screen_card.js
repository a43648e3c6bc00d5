/** One screen of the list: its picture, how it stands, and what can be done with it. */

import { forReaders } from "../site/api.js";
import { button, element, link } from "../site/elements.js";
import { gettext, ngettext } from "../site/i18n.js";
import { titleOf } from "./screen_titles.js";
import { Thumbnail } from "./thumbnail.js";

/**
 * @typedef {object} Screen as GET /api/screens/ answers it
 * @property {string} name
 * @property {string} title
 * @property {string} source
 * @property {"idle" | "starting" | "live" | "unavailable" | "ended"} state
 * @property {string} reason why there is no picture, as a word
 * @property {string} detail the same as a sentence
 * @property {"off" | "link" | "public"} sharing
 * @property {number} viewers
 * @property {string} presenter
 * @property {boolean} is_mine
 */

const STATES = {
  live: [gettext("Live"), "succeeded"],
  starting: [gettext("Starting"), "running"],
  idle: [gettext("Ready"), "queued"],
  unavailable: [gettext("No picture"), "failed"],
  ended: [gettext("Ended"), "cancelled"],
};
const SHARING = {
  off: gettext("Not shared"),
  link: gettext("Shared by link"),
  public: gettext("Open to everybody"),
};

export class ScreenCard {
  #screen = null;
  #thumbnail;
  #state = element("span", { class: "state" });
  #title = element("a", {});
  #facts = element("p", { class: "muted small" });
  #sharing = element("p", { class: "small" });
  #note = element("p", { class: "muted small" });
  #actions = element("div", { class: "actions" });

  /** @param {string} name @param {(screen: Screen) => void} openSharing */
  constructor(name, openSharing) {
    this.openSharing = openSharing;
    this.#thumbnail = new Thumbnail(name);
    this.#title.href = `/screens/${name}/`;
    this.view = element(
      "article",
      { class: "screen-card", "data-name": name },
      this.#thumbnail.view,
      element("div", { class: "screen-text" }, element("h2", {}, this.#title), this.#facts, this.#sharing, this.#note),
      this.#actions,
    );
  }

  /** @param {Screen} screen */
  update(screen) {
    if (JSON.stringify(screen) === JSON.stringify(this.#screen)) return;
    this.#screen = screen;
    const [words, look] = isMissing(screen) ? [gettext("Not on"), "cancelled"] : STATES[screen.state];
    this.#state.className = `state ${look}`;
    this.#state.textContent = words;
    this.#title.textContent = titleOf(screen);
    this.#facts.replaceChildren(this.#state, ...factsOf(screen).map((fact) => element("span", {}, fact)));
    this.#sharing.textContent = SHARING[screen.sharing];
    this.#thumbnail.update({ isThere: !isMissing(screen), why: whyMissing(screen) });
    this.#showNote(isMissing(screen) ? "" : screen.detail);
    if (!this.#actions.children.length) this.#addActions(screen);
  }

  async #showNote(detail) {
    this.#note.textContent = detail && (await forReaders(detail));
  }

  #addActions({ name, is_mine: isMine }) {
    const watch = link(`/screens/${name}/`, gettext("Watch"));
    watch.className = "button small";
    this.#actions.append(watch);
    if (!isMine) return;
    const open = () => this.openSharing(this.#screen);
    this.#actions.append(button(gettext("Sharing"), open, { class: "quiet small", "aria-haspopup": "dialog" }));
  }

  remove() {
    this.#thumbnail.stop();
    this.view.remove();
  }
}

/** A live screen may have a reason too: why it shows a pattern. */
function isMissing({ state, reason }) {
  return state === "unavailable" || state === "ended" || (state === "idle" && Boolean(reason));
}

function whyMissing(screen) {
  return isMissing(screen) ? screen.detail : "";
}

function factsOf({ presenter, viewers }) {
  const watching = viewers ? ngettext("{count} person watches", "{count} people watch", viewers) : gettext("nobody watches");
  return [presenter, watching].filter(Boolean);
}
