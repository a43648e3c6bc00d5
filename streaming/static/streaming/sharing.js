/** What is shared now: its preview, who watches, how it goes, the links to it, and the stop. */

import { announce } from "../site/announcer.js";
import { get } from "../site/api.js";
import * as figures from "../site/figures.js";
import { gettext, ngettext } from "../site/i18n.js";
import { codecWords } from "./codec_words.js";
import { H264Sender } from "./h264_sender.js";
import { JpegSender } from "./jpeg_sender.js";
import { LinkList } from "./link_list.js";
import { Publisher } from "./publisher.js";
import { SharingDialog } from "./sharing_dialog.js";

const STATES = {
  connecting: [gettext("Connecting"), "queued"],
  live: [gettext("Live"), "succeeded"],
  waiting: [gettext("The line is down; trying again"), "partly"],
  ended: [gettext("Stopped"), "cancelled"],
};

const at = (id) => document.getElementById(id);

export class Sharing {
  #publisher;
  #screen;
  #onEnd;
  #said = "";

  /**
   * @param {{ screen: import("./screen_card.js").Screen, title: string, fps: number,
   *   capture: import("./capture.js").Capture, onEnd: (why: string) => void }} what
   */
  static async begin({ screen, title, fps, capture, onEnd }) {
    const Sender = (await H264Sender.isPossible()) ? H264Sender : JpegSender;
    const publisher = new Publisher({ name: screen.name, title, fps, capture, Sender });
    return new Sharing(publisher, screen, capture, onEnd);
  }

  constructor(publisher, screen, capture, onEnd) {
    this.#publisher = publisher;
    this.#screen = screen;
    this.#onEnd = onEnd;
    at("share-live").hidden = false;
    at("share-preview").srcObject = capture.stream;
    at("share-watch").href = `/screens/${screen.name}/`;
    at("share-stop").onclick = () => publisher.stop();
    at("share-sharing").onclick = () => new SharingDialog(this.#screen, () => this.#refresh()).open();
    const links = new LinkList(screen.name, () => this.#refresh());
    at("share-links").replaceChildren(links.view);
    links.load();
    publisher.addEventListener("change", () => this.#show());
    this.#show();
  }

  stop() {
    this.#publisher.stop();
  }

  #show() {
    const { state, viewers, isWanted, codec } = this.#publisher;
    const [words, look] = STATES[state];
    Object.assign(at("share-live").dataset, { state, codec });
    at("share-state").className = `state ${look}`;
    fill(at("share-state"), words);
    fill(at("share-viewers"), ngettext("{count} person watches", "{count} people watch", viewers));
    fill(at("share-figures"), figuresOf(this.#publisher));
    fill(at("share-rest"), state === "live" && !isWanted ? gettext("Nobody watches, so nothing is sent.") : "");
    if (state === this.#said) return;
    announce(words);
    this.#said = state;
    if (state === "ended") this.#end();
  }

  #end() {
    at("share-preview").srcObject = null;
    at("share-live").hidden = true;
    this.#onEnd(this.#publisher.why);
  }

  async #refresh() {
    this.#screen = await get(`/api/screens/${this.#screen.name}/`).catch(() => this.#screen);
  }
}

function figuresOf({ codec, meter }) {
  const rate = meter.bytesPerSecond;
  const pictures = gettext("{fps} pictures a second", { fps: Math.round(meter.fps) });
  return [codecWords(codec), pictures, rate === null ? "" : figures.bytesPerSecond(rate)].filter(Boolean).join(" · ");
}

function fill(place, words) {
  if (place.textContent !== words) place.textContent = words;
}
