/** The list of screens, each with its picture of now; for owners, who may watch it. */

import "../site/shell.js";
import { get } from "../site/api.js";
import { link } from "../site/elements.js";
import { allWords, gettext } from "../site/i18n.js";
import { emptyView, errorView } from "../site/states.js";
import { ScreenCard } from "./screen_card.js";

const EVERY_MS = 4000;
const LIST = "/api/screens/?limit=100";

const place = document.getElementById("screens");
const cards = new Map(); // name -> ScreenCard
let isAsking = false;

async function look() {
  if (document.hidden || isAsking) return;
  isAsking = true;
  try {
    show((await get(LIST)).results);
  } catch (problem) {
    place.replaceChildren(errorView(problem, look));
    cards.clear();
  }
  isAsking = false;
  place.removeAttribute("aria-busy");
}

/** @param {import("./screen_card.js").Screen[]} screens */
function show(screens) {
  for (const name of [...cards.keys()]) {
    if (screens.some((screen) => screen.name === name)) continue;
    cards.get(name).remove();
    cards.delete(name);
  }
  const shown = screens.map(cardOf);
  const isSame = shown.length === place.children.length && shown.every((each, at) => each === place.children[at]);
  if (!shown.length) place.replaceChildren(nothing());
  else if (!isSame) place.replaceChildren(...shown);
}

function cardOf(screen) {
  if (!cards.has(screen.name)) cards.set(screen.name, new ScreenCard(screen.name, openSharing));
  cards.get(screen.name).update(screen);
  return cards.get(screen.name).view;
}

function nothing() {
  const share = link("/screens/share/", gettext("Share this screen"));
  share.className = "button";
  return emptyView(gettext("There is no screen for you to watch yet."), share);
}

/** @param {import("./screen_card.js").Screen} screen */
async function openSharing(screen) {
  await allWords();
  const { SharingDialog } = await import("./sharing_dialog.js");
  new SharingDialog(screen, look).open();
}

/** /screens/#sharing-main: from elsewhere right into the dialog. */
async function openNamed() {
  const name = location.hash.match(/^#sharing-([a-z0-9-]+)$/)?.[1];
  if (!name) return;
  history.replaceState(null, "", location.pathname);
  const screen = await get(`/api/screens/${name}/`).catch(() => null);
  if (screen?.is_mine) openSharing(screen);
}

setInterval(look, EVERY_MS);
document.addEventListener("visibilitychange", look);
look();
openNamed();
