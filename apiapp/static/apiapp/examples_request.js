/** A request as it is edited on the page of examples, and what of it goes over the wire. */

export const FORM = "application/x-www-form-urlencoded";
export const JSON_TYPE = "application/json";

const TOKEN = "[-!#$%&'*+.^_`|~0-9A-Za-z]+"; // RFC 9110, section 5.6.2
const CONTROLS = /[\0-\x08\x0a-\x1f\x7f]/g;

/** What a header's name may be, as the pattern of an input. */
export const NAME_PATTERN = TOKEN.replace("-!", "\\-!").replaceAll("&", "\\&").replace("`|~", "`\\|~");

/**
 * @typedef {[string, string]} Pair name and value, not encoded; a name may come several times
 *
 * @typedef {object} Example as the catalogue has it
 * @property {string} name
 * @property {string} title to be read after the method
 * @property {string} method
 * @property {string} path not percent-encoded
 * @property {Pair[]} query
 * @property {Pair[]} headers
 * @property {string} contentType "" for none, and then there is no body
 * @property {string} text the body, unless it is a form
 * @property {Pair[]} form
 * @property {number} status of the answer
 * @property {string} answerType
 * @property {string} answer
 * @property {string} twin
 * @property {boolean} comesInPieces
 *
 * @typedef {Pick<Example, "method" | "path" | "query" | "headers" | "contentType" | "text" | "form"
 *   | "comesInPieces">} Draft
 */

/** @param {Example} example @returns {Draft} a copy to edit */
export function draftOf(example) {
  const { method, path, query, headers, contentType, text, form, comesInPieces } =
    structuredClone(example);
  return { method, path, query, headers, contentType, text, form, comesInPieces };
}

/** @param {Draft} draft @returns {string} its path, percent-encoded; never another host's */
export function pathOf({ path }) {
  const segments = wellFormed(path).split("/").map(encodeURIComponent);
  return path.startsWith("/") ? segments.join("/") : `/${segments.join("/")}`;
}

/** @param {Draft} draft @returns {string} path and query as they are sent */
export function targetOf(draft) {
  const query = new URLSearchParams(named(draft.query));
  return query.size ? `${pathOf(draft)}?${query}` : pathOf(draft);
}

/** @param {Draft} draft @returns {Pair[]} each name once (RFC 9110, section 5.3), but the type's */
export function headersOf(draft) {
  const merged = new Map();
  for (const [name, value] of draft.headers) {
    const key = name.trim().toLowerCase();
    if (!isName(name.trim()) || key === "content-type") continue;
    const sent = wellFormed(value).replace(CONTROLS, " ").trim();
    const before = merged.get(key);
    merged.set(key, before ? [before[0], `${before[1]}, ${sent}`] : [name.trim(), sent]);
  }
  return [...merged.values()];
}

/** @param {Pair[]} pairs @returns {Pair[]} those with a name */
export function named(pairs) {
  return pairs.filter(([name]) => name).map((pair) => pair.map(wellFormed));
}

/** Halves of characters cannot be sent: each becomes U+FFFD, as browsers do it. */
export function wellFormed(text) {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

function isName(text) {
  return new RegExp(`^${TOKEN}$`).test(text);
}

/** UTF-8 as fetch takes it in a header: one character for each byte. */
export function byteString(text) {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** @param {Draft} draft @returns {RequestInit} */
export function fetchOptions(draft) {
  const headers = headersOf(draft).map(([name, value]) => [name, byteString(value)]);
  const options = { method: draft.method, headers, credentials: "omit", cache: "no-store" };
  if (!draft.contentType) return options;
  const body = draft.contentType === FORM ? new URLSearchParams(named(draft.form)).toString() : draft.text;
  return { ...options, headers: [...headers, ["Content-Type", draft.contentType]], body };
}
