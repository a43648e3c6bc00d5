/** Who watches a screen now, kept up to date while it is looked at. */

import { get } from "../site/api.js";
import { element, scrollBox } from "../site/elements.js";
import { gettext } from "../site/i18n.js";
import { loadingView, table, timeView } from "../site/states.js";
import { codecWords } from "./codec_words.js";

const EVERY_MS = 3000;
const SILENT_MS = 30_000; // a viewer whose process died cannot say good-bye

export class ViewerList {
  #url;
  #timer = 0;
  #shown = "";

  view = element("div", { class: "viewer-list" }, loadingView());

  /** @param {string} name of the screen */
  constructor(name) {
    this.#url = `/api/screens/${name}/sessions/?limit=100`;
  }

  follow() {
    this.look();
    this.#timer = setInterval(() => this.look(), EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }

  async look() {
    if (document.hidden) return;
    try {
      this.#show((await get(this.#url)).results.filter(isThere));
    } catch (problem) {
      this.#shown = "";
      this.view.replaceChildren(element("p", { class: "note bad" }, problem.message));
    }
  }

  #show(sessions) {
    const known = JSON.stringify(sessions.map(({ id, codec }) => [id, codec]));
    if (known === this.#shown) return;
    this.#shown = known;
    if (!sessions.length) {
      this.view.replaceChildren(element("p", { class: "muted small" }, gettext("Nobody watches now.")));
      return;
    }
    const headers = [gettext("Who"), gettext("From"), gettext("Format"), gettext("Since")];
    this.view.replaceChildren(scrollBox(gettext("Who watches now"), table(headers, sessions.map(rowOf))));
  }
}

function isThere({ ended_at: endedAt, seen_at: seenAt }) {
  return !endedAt && Date.now() - Date.parse(seenAt) < SILENT_MS;
}

function rowOf({ who, address, codec, started_at: since }) {
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, who || gettext("somebody")),
    element("td", {}, address),
    element("td", {}, codecWords(codec)),
    element("td", {}, timeView(since)),
  );
}
