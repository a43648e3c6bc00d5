/** Filters of a column: what can be asked, the API's words for it, and ours for people. */

import { isolated } from "../site/bidi.js";
import { gettext } from "../site/i18n.js";

const LISTED = /"((?:[^"\\]|\\.)*)"(?:,|$)|([^,"]*)(?:,|$)/y;

/** @param {string} text that is to be found as it is */
function literal(text) {
  return text.replace(/[\\*%_]/g, "\\$&");
}

/** Kind of a filter -> the right side of `column=...`; `text` or `texts` is what was written. */
export const TESTS = {
  contains: (text) => `ilike.*${literal(text)}*`,
  starts: (text) => `ilike.${literal(text)}*`,
  is: (text) => `eq.${text}`,
  is_not: (text) => `neq.${text}`,
  from: (text) => `gte.${text}`,
  to: (text) => `lte.${text}`,
  one_of: (texts) => `in.(${texts.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(",")})`,
  empty: () => "is.null",
  filled: () => "not.is.null",
};

/** What a filter asks, taken apart as the form shows it. @returns {{kind: string, text?: string, texts?: string[]}} */
export function read(test) {
  if (test === "is.null") return { kind: "empty" };
  if (test === "not.is.null") return { kind: "filled" };
  const dot = test.indexOf(".");
  const operator = test.slice(0, dot);
  const text = test.slice(dot + 1);
  if (operator === "ilike") return readPattern(text);
  if (operator === "in" && text.startsWith("(") && text.endsWith(")")) {
    return { kind: "one_of", texts: readList(text.slice(1, -1)) };
  }
  const kind = { eq: "is", neq: "is_not", gte: "from", lte: "to" }[operator];
  return kind ? { kind, text } : { kind: "other", text: test };
}

function readPattern(pattern) {
  const inner = pattern.replace(/^\*/, "").replace(/(^|[^\\])\*$/, "$1");
  const isPlain = !/(^|[^\\])[*%_]/.test(inner) && pattern.endsWith("*");
  if (!isPlain) return { kind: "other", text: `ilike.${pattern}` };
  const text = inner.replace(/\\(.)/g, "$1");
  return { kind: pattern.startsWith("*") ? "contains" : "starts", text };
}

function readList(inner) {
  const found = [];
  LISTED.lastIndex = 0;
  while (LISTED.lastIndex < inner.length) {
    const item = LISTED.exec(inner);
    if (!item) break;
    found.push(item[1] === undefined ? item[2] : item[1].replace(/\\(.)/g, "$1"));
  }
  return found;
}

const SENTENCES = {
  contains: (said) => gettext("{column} contains “{text}”", said),
  starts: (said) => gettext("{column} starts with “{text}”", said),
  is: (said) => gettext("{column} is {text}", said),
  is_not: (said) => gettext("{column} is not {text}", said),
  from: (said) => gettext("{column} from {text}", said),
  to: (said) => gettext("{column} up to {text}", said),
  one_of: (said) => gettext("{column} is one of {text}", said),
  empty: (said) => gettext("{column} is empty", said),
  filled: (said) => gettext("{column} is not empty", said),
};

/** @param {string} test @param {ColumnSpec | undefined} column undefined: there is none of the name */
export function sentenceOf(test, name, column) {
  const { kind, text = "", texts } = read(test);
  const label = column?.label ?? name;
  const words = SENTENCES[kind];
  if (!words) return `${label} ${text}`;
  return words({ column: label, text: texts ? texts.map(isolated).join(", ") : wordOf(text, column?.type) });
}

function wordOf(text, type) {
  if (type !== "boolean") return isolated(text);
  return text === "true" ? gettext("yes") : gettext("no");
}
