/** What a cell holds, for people. */

import { withoutTurns } from "../site/bidi.js";
import { gettext } from "../site/i18n.js";

const SHOWN_CHARS = 300;

/** The whole value as text; "" of an empty cell. */
export function asText(value, type) {
  if (value === null || value === undefined) return "";
  if (type === "json") return JSON.stringify(value);
  if (type === "boolean") return value ? gettext("yes") : gettext("no");
  if (type === "timestamp") return value.replace("T", " ").replace("Z", " UTC");
  return String(value);
}

/** As much of it as a cell has room for, on one line. */
export function inCell(value, type) {
  const text = withoutTurns(asText(value, type));
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
