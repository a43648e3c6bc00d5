/** The figures of /monitor/ as its reader writes them. */

import { language } from "../site/i18n.js";

const MS_UP_TO_S = 1;
const shares = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 2 });
const rates = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });
const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const dayAndHour = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
const exactClock = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
const NONE = "–";

/** “12 ms”, “1.25 s”. @param {number | null} seconds */
export function took(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  const [value, unit] = seconds < MS_UP_TO_S ? [seconds * 1000, "millisecond"] : [seconds, "second"];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumSignificantDigits: 3 }).format(value);
}

/** @param {number | null} ratio 0 to 1 */
export function share(ratio) {
  return ratio === null || ratio === undefined ? NONE : shares.format(ratio);
}

/** @param {number | null} value such as requests each second */
export function rate(value) {
  return value === null || value === undefined ? NONE : rates.format(value);
}

/** A point of a chart. @param {string} iso @param {boolean} isOfOneDay */
export function momentWords(iso, isOfOneDay) {
  return (isOfOneDay ? clock : dayAndHour).format(new Date(iso));
}

/** To the second. @param {string | number} at */
export function exactTime(at) {
  return exactClock.format(new Date(at));
}
