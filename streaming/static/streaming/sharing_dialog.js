/** Who may watch a screen and who does: the switch, the links, the viewers of now, the stop. */

import { announce } from "../site/announcer.js";
import { call, post } from "../site/api.js";
import { button, element } from "../site/elements.js";
import { gettext } from "../site/i18n.js";
import { LinkList } from "./link_list.js";
import { titleOf } from "./screen_titles.js";
import { ViewerList } from "./viewer_list.js";

const SWITCH = [
  ["off", gettext("Nobody"), gettext("Only its owner and staff. Links stop working until you switch this back.")],
  ["link", gettext("Whoever has a link"), gettext("Links that you make below open it; nobody else sees it.")],
  ["public", gettext("Everybody"), gettext("Whoever reaches this server sees the screen, without signing in.")],
];

export class SharingDialog {
  #screen;
  #onChange;
  #links;
  #viewers;
  #note = element("p", { class: "note bad", role: "alert", hidden: true });
  #radios;
  #dialog;

  /** @param {import("./screen_card.js").Screen} screen @param {() => void} onChange of anything */
  constructor(screen, onChange) {
    this.#screen = screen;
    this.#onChange = onChange;
    this.#links = new LinkList(screen.name, () => this.#onLink());
    this.#viewers = new ViewerList(screen.name);
    this.#radios = SWITCH.map((choice) => this.#radio(choice));
    this.#dialog = this.#build();
  }

  open() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#links.load();
    this.#viewers.follow();
  }

  #build() {
    const title = element("h2", { id: "sharing-title" }, gettext("Sharing: {title}", { title: titleOf(this.#screen) }));
    const close = button(gettext("Close"), () => this.#dialog.close(), { class: "quiet" });
    return element(
      "dialog",
      { class: "sharing", "aria-labelledby": "sharing-title", onclose: () => this.#end() },
      element(
        "article",
        {},
        element("header", {}, title, close),
        this.#note,
        element("fieldset", {}, element("legend", {}, gettext("Who may watch")), this.#radios),
        element("section", {}, element("h3", {}, gettext("Links")), this.#links.view),
        element("section", {}, element("h3", {}, gettext("Who watches now")), this.#viewers.view, this.#stopView()),
      ),
    );
  }

  #end() {
    this.#viewers.stop();
    this.#dialog.remove();
    this.#onChange();
  }

  #radio([value, words, explanation]) {
    const id = `sharing-${value}`;
    const input = element("input", {
      type: "radio", name: "sharing", id, value,
      checked: this.#screen.sharing === value,
      "aria-describedby": `${id}-means`,
      onchange: () => this.#switchTo(value),
    });
    const label = element("label", { for: id }, words);
    return element("div", { class: "choice" }, input, label, element("p", { class: "muted small", id: `${id}-means` }, explanation));
  }

  async #switchTo(sharing) {
    await this.#try(async () => {
      this.#screen = await call("PATCH", `/api/screens/${this.#screen.name}/`, { sharing });
      announce(SWITCH.find(([value]) => value === sharing)[2]);
    });
    this.#check();
  }

  /** A first link switches sharing on. */
  #onLink() {
    if (this.#screen.sharing === "off") this.#screen = { ...this.#screen, sharing: "link" };
    this.#check();
    this.#onChange();
  }

  #check() {
    for (const input of this.#dialog.querySelectorAll("input[name=sharing]")) {
      input.checked = input.value === this.#screen.sharing;
    }
  }

  #stopView() {
    const stop = button(gettext("Send everybody away"), () => this.#stop(), { class: "quiet small" });
    const means = gettext("Viewers are cut off, and whoever presents here too. Those who may watch can come back.");
    return element("div", { class: "stop" }, stop, element("p", { class: "muted small" }, means));
  }

  async #stop() {
    await this.#try(async () => {
      await post(`/api/screens/${this.#screen.name}/stop/`);
      announce(gettext("Everybody was sent away."));
      this.#viewers.look();
    });
  }

  async #try(action) {
    try {
      await action();
      this.#note.hidden = true;
      this.#onChange();
    } catch (problem) {
      this.#note.textContent = problem.message;
      this.#note.hidden = false;
    }
  }
}
