/** The links to a screen: make, copy, show as a QR code, take back. */

import { announce } from "../site/announcer.js";
import { get, post, remove } from "../site/api.js";
import { button, element, field, scrollBox, unseen } from "../site/elements.js";
import * as figures from "../site/figures.js";
import { gettext } from "../site/i18n.js";
import { errorView, loadingView, table } from "../site/states.js";
import { madeLink } from "./made_link.js";

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const USUAL_S = 7 * DAY_S;
const EXPIRIES = [
  [HOUR_S, gettext("in an hour")],
  [DAY_S, gettext("in a day")],
  [USUAL_S, gettext("in 7 days")],
  [30 * DAY_S, gettext("in 30 days")],
  [0, gettext("never")],
];

export class LinkList {
  #url;
  #onMade;
  #made = element("div", {});
  #list = element("div", {}, loadingView());
  #known = []; // the links, as they were last told
  #turn = 0; // what is told late must not replace what is newer
  #form;

  /** @param {string} name of the screen @param {() => void} onMade */
  constructor(name, onMade) {
    this.#url = `/api/screens/${name}/links/`;
    this.#onMade = onMade;
    this.#form = this.#buildForm();
    this.view = element("div", { class: "link-list" }, this.#form, this.#made, this.#list);
  }

  async load() {
    const turn = ++this.#turn;
    try {
      const { results } = await get(`${this.#url}?limit=50`);
      if (turn === this.#turn) this.#show(results);
    } catch (problem) {
      if (turn === this.#turn) this.#list.replaceChildren(errorView(problem, () => this.load()));
    }
  }

  #show(links) {
    this.#known = links;
    this.#list.replaceChildren(...this.#rowsView(links));
  }

  #buildForm() {
    const expiry = element("select", { name: "expires_s" }, EXPIRIES.map(([value, words]) => element("option", { value, selected: value === USUAL_S }, words)));
    const pin = element("input", { name: "pin", inputmode: "numeric", pattern: "[0-9]{4,12}", maxlength: 12, autocomplete: "off", placeholder: gettext("none") });
    const limit = element("input", { name: "max_viewers", type: "number", min: 1, max: 10_000, placeholder: gettext("any number") });
    const note = element("input", { name: "note", maxlength: 100 });
    return element(
      "form",
      { class: "link-form", onsubmit: (event) => this.#make(event) },
      element(
        "div",
        { class: "fields" },
        field(gettext("Ends"), expiry),
        field(gettext("PIN, 4 to 12 digits"), pin),
        field(gettext("Viewers at most"), limit),
        field(gettext("For whom"), note),
      ),
      element("button", { class: "small" }, gettext("Make a link")),
    );
  }

  async #make(event) {
    event.preventDefault();
    const given = new FormData(this.#form);
    const wanted = { expires_s: Number(given.get("expires_s")) || null, note: given.get("note") };
    if (given.get("pin")) wanted.pin = given.get("pin");
    if (given.get("max_viewers")) wanted.max_viewers = Number(given.get("max_viewers"));
    try {
      const made = await post(this.#url, wanted);
      this.#made.replaceChildren(madeLink(made));
      this.#show([{ viewers: 0, ...made }, ...this.#known]);
      this.#form.reset();
      this.#form.elements.expires_s.value = USUAL_S;
      this.#onMade();
      this.load();
    } catch (problem) {
      this.#made.replaceChildren(element("p", { class: "note bad", role: "alert" }, problem.message));
    }
  }

  #rowsView(links) {
    if (!links.length) return [element("p", { class: "muted small" }, gettext("There are no links yet."))];
    const headers = [gettext("Link"), gettext("Ends"), [gettext("Watching"), "number"], unseen(gettext("What can be done"))];
    return [scrollBox(gettext("Links"), table(headers, links.map((each) => this.#row(each))))];
  }

  #row(link) {
    const { prefix, note, has_pin: hasPin, max_viewers: limit, viewers } = link;
    const marks = [note, hasPin && gettext("PIN"), limit && gettext("at most {limit}", { limit })].filter(Boolean);
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, element("span", {}, element("code", {}, `${prefix}…`), marks.length ? ` ${marks.join(" · ")}` : "")),
      element("td", {}, endWords(link)),
      element("td", { class: "number" }, figures.number(viewers)),
      element("td", {}, hasEnded(link) ? null : this.#revokeButton(link)),
    );
  }

  #revokeButton({ id, prefix }) {
    const label = gettext("Take back the link {prefix}", { prefix });
    return button(gettext("Take back"), (event) => this.#revoke(id, event.target), { class: "quiet small", "aria-label": label });
  }

  async #revoke(id, pressed) {
    pressed.disabled = true;
    try {
      await remove(`${this.#url}${id}/`);
      announce(gettext("The link was taken back; whoever watched by it is cut off."));
      this.#made.replaceChildren();
      await this.load();
    } catch (problem) {
      pressed.replaceWith(element("span", { role: "alert" }, problem.message));
    }
  }
}

function endWords(link) {
  if (link.revoked_at) return gettext("taken back");
  if (!link.expires_at) return gettext("never");
  return hasEnded(link) ? gettext("ended") : figures.when(link.expires_at);
}

function hasEnded({ revoked_at: revokedAt, expires_at: expiresAt }) {
  return Boolean(revokedAt) || (expiresAt !== null && Date.parse(expiresAt) <= Date.now());
}
