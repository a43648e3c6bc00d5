/** The periods of a chart as the reader writes them; all of them in UTC. */

import { language } from "../site/i18n.js";

const FORMATS = {
  hour: { dateStyle: "medium", timeStyle: "short" },
  day: { dateStyle: "medium" },
  month: { year: "numeric", month: "short" },
};
const YEARS = { year: 1, decade: 10, century: 100 };
const formats = new Map();

/** @param {string} at when it begins @param {string} unit */
export function periodWords(at, unit) {
  if (unit in FORMATS) return formatOf(unit).format(new Date(at));
  const first = Number(at.slice(0, 4));
  return YEARS[unit] === 1 ? String(first) : `${first}–${first + YEARS[unit] - 1}`;
}

function formatOf(unit) {
  if (!formats.has(unit)) formats.set(unit, new Intl.DateTimeFormat(language, { ...FORMATS[unit], timeZone: "UTC" }));
  return formats.get(unit);
}
