/** What a screen is called in lists. */

import { gettext } from "../site/i18n.js";

const MAIN = "main";

/** @param {import("./screen_card.js").Screen} screen */
export function titleOf({ name, title }) {
  if (title) return title;
  return name === MAIN ? gettext("This machine’s screen") : name;
}
