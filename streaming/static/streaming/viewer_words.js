/** What a viewer's states are called, and what a person can do about them. */

import { gettext } from "../site/i18n.js";

/** state -> [a word or two, its look (a class of .state)] */
const SHORT = {
  connecting: [gettext("Connecting"), "queued"],
  live: [gettext("Live"), "succeeded"],
  slow: [gettext("Live, reduced"), "partly"],
  stale: [gettext("Not live"), "failed"],
  paused: [gettext("Paused"), "cancelled"],
  held: [gettext("Paused by the presenter"), "cancelled"],
  waiting: [gettext("Not on"), "cancelled"],
  unavailable: [gettext("No picture"), "failed"],
  ended: [gettext("Ended"), "cancelled"],
  full: [gettext("Full"), "partly"],
  refused: [gettext("Not allowed"), "failed"],
  "signed-out": [gettext("Not signed in"), "failed"],
  unknown: [gettext("Not found"), "failed"],
  revoked: [gettext("Not allowed any more"), "failed"],
};

/** Over a picture that may go on: a sentence each. */
const OVER = {
  slow: gettext("Your connection is slow: you see a smaller picture, fewer times a second."),
  paused: gettext("Paused. The screen goes on; you see how it was."),
  held: gettext("The presenter has paused, or their connection is gone for a moment."),
};

/** In place of the picture: [what happened, what to do]. */
const INSTEAD = {
  connecting: [gettext("Connecting to the screen"), ""],
  held: [gettext("The presenter has paused"), gettext("The picture comes as soon as they go on.")],
  waiting: [gettext("Nobody shares this screen now"), gettext("The picture comes here by itself as soon as somebody does.")],
  unavailable: [gettext("There is no picture of this screen now"), gettext("This page shows it as soon as there is one.")],
  ended: [gettext("The presenter has stopped"), gettext("If they begin again, the picture comes back here by itself.")],
  full: [gettext("As many people watch as may"), gettext("This page tries again by itself every few seconds.")],
  refused: [gettext("You may not see this screen"), gettext("Ask its owner for a link.")],
  "signed-out": [gettext("This screen is not open to everybody"), gettext("Sign in, or open the link that you were sent.")],
  unknown: [gettext("There is no such screen for you"), gettext("It may have been removed, or it is not shared with you. Ask its owner for a link.")],
  revoked: [gettext("You may not see this screen any more"), gettext("The link has expired or was taken back, or sharing was switched off. Ask its owner for a new link.")],
};

/** States in which a picture that is there stays to be seen, though not as if it were live. */
const KEEPING = new Set(["connecting", "stale", "held"]);

/** @param {string} state @returns {[string, string]} */
export function shortWords(state) {
  return SHORT[state];
}

/** @param {import("./viewer.js").Viewer} viewer @returns {string} "" for none */
export function wordsOver(viewer) {
  if (!viewer.hasPicture) return "";
  if (viewer.state !== "stale") return OVER[viewer.state] ?? "";
  const seconds = Math.max(1, Math.round(viewer.ageS));
  return gettext("Not live: this picture is {seconds} s old. Trying to reach the server.", { seconds });
}

/** @returns {[string, string] | null} null while there is a picture to look at */
export function wordsInstead({ state, hasPicture }) {
  if (hasPicture && KEEPING.has(state)) return null;
  return INSTEAD[state] ?? null;
}

/** Whether a button that tries again makes sense. */
export function mayTryAgain(state) {
  return ["unavailable", "ended", "full", "refused", "unknown", "revoked"].includes(state);
}
