/** Numbers, sizes, times and dates as the reader of this page writes them. */

import { gettext, language } from "./i18n.js";

const SIZE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const TWO_DAYS_S = 2 * 24 * 3600;

const whole = new Intl.NumberFormat(language);
const percents = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
const ago = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const moments = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

/** @param {number} value */
export function number(value) {
  return whole.format(value);
}

/** @param {number} ratio 0 to 1; never says 100 % before it is. */
export function percent(ratio) {
  return percents.format(Math.floor(ratio * 100) / 100);
}

/** @param {number} size in bytes */
export function bytes(size) {
  return scaled(size, "");
}

/** @param {number} rate in bytes per second */
export function bytesPerSecond(rate) {
  return scaled(rate, "-per-second");
}

function scaled(size, suffix) {
  let power = 0;
  let value = size;
  while (value >= 999.5 && power < SIZE_UNITS.length - 1) {
    value /= 1000;
    power += 1;
  }
  const maximumFractionDigits = power > 0 && value < 99.95 ? 1 : 0;
  const unit = SIZE_UNITS[power] + suffix;
  const unitDisplay = power ? "short" : "long"; // "12 byte" would be short
  return format(value, { style: "unit", unit, unitDisplay, maximumFractionDigits });
}

/** Rounded to what one wants to know: seconds, then minutes, then hours and minutes. */
export function duration(seconds) {
  const total = Math.max(1, Math.round(seconds));
  if (total < 60) return inUnit(total, "second");
  const minutes = Math.round(total / 60);
  if (minutes < 60) return inUnit(minutes, "minute");
  const rest = minutes % 60;
  const hours = inUnit(Math.floor(minutes / 60), "hour");
  return rest ? `${hours} ${inUnit(rest, "minute")}` : hours;
}

function inUnit(value, unit) {
  return format(value, { style: "unit", unit, unitDisplay: "short" });
}

function format(value, options) {
  return new Intl.NumberFormat(language, options).format(value);
}

/** “5 minutes ago” within two days, else the date and time. @param {string} iso */
export function when(iso) {
  const seconds = (Date.parse(iso) - Date.now()) / 1000;
  const age = Math.abs(seconds);
  if (age < 45) return gettext("just now");
  if (age < 3600) return ago.format(Math.round(seconds / 60), "minute");
  if (age < 24 * 3600) return ago.format(Math.round(seconds / 3600), "hour");
  if (age < TWO_DAYS_S) return ago.format(Math.round(seconds / 86400), "day");
  return exactly(iso);
}

/** @param {string} iso */
export function exactly(iso) {
  return moments.format(new Date(iso));
}
