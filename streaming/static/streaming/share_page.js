/** Share this screen: choose what is seen, send it, say who watches, stop. */

import "../site/shell.js";
import { announce } from "../site/announcer.js";
import { Problem, get, post } from "../site/api.js";
import { allWords, gettext } from "../site/i18n.js";
import { Capture, chooseScreen, whyNoCapture } from "./capture.js";

const TAKEN = 409;
const at = (id) => document.getElementById(id);
const form = at("share-form");
let shared = null; // Sharing, while something is

const why = whyNoCapture();
at("share-form").hidden = Boolean(why);
at("share-not").hidden = !why;
for (const reason of at("share-not").querySelectorAll("[data-why]")) reason.hidden = reason.dataset.why !== why;

form.addEventListener("submit", begin);
addEventListener("pagehide", () => shared?.stop());

/** The browser lets a page ask what to capture right after a press alone: that comes first. */
async function begin(event) {
  event.preventDefault();
  complain("");
  const given = new FormData(form);
  const fps = Number(given.get("fps"));
  let capture = null;
  try {
    capture = new Capture(await chooseScreen({ heightPx: Number(given.get("height")), fps }));
    const screen = await screenNamed(given.get("name"), given.get("title"));
    await allWords();
    const { Sharing } = await import("./sharing.js");
    shared = await Sharing.begin({ screen, title: given.get("title"), fps, capture, onEnd: end });
    form.hidden = true;
  } catch (error) {
    capture?.stop();
    complain(wordsFor(error));
  }
}

/** A screen of that name: a new one, or one's own from the last time. */
async function screenNamed(name, title) {
  const { results } = await get("/api/screens/?limit=100");
  const known = results.find((each) => each.name === name);
  if (!known) return post("/api/screens/", { name, title, source: "publisher" });
  if (known.is_mine && known.source === "publisher") return known;
  throw new Problem(TAKEN, { detail: gettext("Another screen has the name {name}. Choose another.", { name }) });
}

/** @param {Error} error */
function wordsFor(error) {
  if (error instanceof Problem) return error.message;
  if (error.name === "NotAllowedError") return gettext("Nothing is shared: you did not allow it, or the system does not let the browser see the screen. On macOS, allow it in System Settings, Privacy & Security, Screen Recording.");
  if (error.name === "NotFoundError") return gettext("The browser found nothing that could be shared.");
  return gettext("The browser cannot capture the screen: {why}.", { why: error.message });
}

function complain(words) {
  at("share-complaint").hidden = !words;
  at("share-complaint").textContent = words;
}

/** @param {string} why for people; "" if they stopped it themselves */
function end(why) {
  shared = null;
  form.hidden = false;
  complain(why);
  form.querySelector("button").focus();
}
