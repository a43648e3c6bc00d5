/** What people call a way of sending pictures. */

import { gettext } from "../site/i18n.js";

const WORDS = { h264: "H.264", tiles: gettext("Tiles"), jpeg: "JPEG", mjpeg: "MJPEG" };

/** @param {string} codec @returns {string} "" for one that is not known */
export function codecWords(codec) {
  return WORDS[codec] ?? "";
}
