/** The gate of this machine's screen: its picture anew now and then, or why there is none. */

import { allWords } from "../site/i18n.js";

const gate = document.getElementById("screen-gate");

if (gate) begin();

async function begin() {
  await allWords();
  const { Thumbnail } = await import("./thumbnail.js");
  const thumbnail = new Thumbnail(gate.dataset.name, gate.querySelector("img"));
  gate.querySelector(".thumbnail").replaceWith(thumbnail.view);
  thumbnail.update({ isThere: true, why: "" });
  if (document.body.dataset.userId) explain(thumbnail.view);
}

/** Where there is nothing to capture a pattern is shown: say why. */
async function explain(picture) {
  const { get, forReaders } = await import("../site/api.js");
  const { state, detail } = await get(`/api/screens/${gate.dataset.name}/`).catch(() => ({}));
  if (state !== "live" || !detail) return;
  const { element } = await import("../site/elements.js");
  picture.after(element("p", { class: "gate-note muted small" }, await forReaders(detail)));
}
