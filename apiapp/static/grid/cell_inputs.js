/** What a value of a column is written in, and what was written as the API reads it. */

import { element } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

const HINTS = {
  integer: "42",
  decimal: "12.50",
  float: "3.14",
  timestamp: "2026-01-31T23:59:59Z",
  uuid: "0f8fad5b-d9cb-469f-a165-70867728950e",
  json: '{"a": 1}',
};
const NUMBERS = new Set(["integer", "decimal", "float"]);

/** @param {ColumnSpec} column @param {any} value @returns {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} */
export function inputFor({ type }, value) {
  if (type === "boolean") return yesOrNo(value);
  const written = writtenOf(value, type);
  if (type === "text" || type === "json") {
    return element("textarea", { rows: "1", value: written, placeholder: HINTS[type] ?? null, spellcheck: "false" });
  }
  if (type === "date") return element("input", { type: "date", max: "9999-12-31", value: written });
  const inputmode = NUMBERS.has(type) ? "decimal" : null;
  return element("input", { type: "text", value: written, placeholder: HINTS[type], inputmode, autocomplete: "off" });
}

function yesOrNo(value) {
  const option = (text, words) => element("option", { value: text, selected: text === String(value ?? "") }, words);
  return element("select", {}, option("", "–"), option("true", gettext("yes")), option("false", gettext("no")));
}

function writtenOf(value, type) {
  if (value === null || value === undefined) return "";
  return type === "json" ? JSON.stringify(value) : String(value);
}

/**
 * What stands in `input` for the API; nothing written is an empty cell.  Numbers go as text, which
 * loses no digit.  Throws SyntaxError for JSON that is none.
 */
export function valueIn(input, { type }) {
  const text = input.value;
  if (type === "text") return text === "" ? null : text;
  const trimmed = text.trim();
  if (trimmed === "") return null;
  if (type === "boolean") return trimmed === "true";
  return type === "json" ? JSON.parse(trimmed) : trimmed;
}

/** Whether two values are the same one. */
export function isSame(one, other) {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}
