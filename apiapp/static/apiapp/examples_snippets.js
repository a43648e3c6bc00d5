/**
 * The same request as curl, Python and fetch.  Whatever is typed stays data: nothing of it can end
 * the quotes it stands in.
 */

import { FORM, headersOf, JSON_TYPE, named, pathOf, targetOf, wellFormed } from "./examples_request.js";

const PROTOTYPE = "__proto__"; // the one name that an object literal does not take as a name
const NOT_ASCII = /[^\0-\x7f]/;
const OUTSIDE_STRINGS = /("(?:[^"\\]|\\.)*")|\s+/g;

/** In single quotes a POSIX shell reads every character as itself, but the quote. */
export function shellQuoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** JSON's escapes mean the same in Python and in JavaScript. */
export const quoted = JSON.stringify;

/** @param {import("./examples_request.js").Draft} draft @param {string} origin `http://host:port` */
export function curl(draft, origin) {
  const usual = draft.contentType ? "POST" : "GET";
  const method = draft.method === usual ? "" : ` -X ${draft.method}`;
  const first = `curl -i${draft.comesInPieces ? "N" : ""}${method} ${shellQuoted(origin + targetOf(draft))}`;
  // "Name:" would leave the header out; "Name;" sends it empty.
  const headers = headersOf(draft).map(([name, value]) => (value ? `${name}: ${value}` : `${name};`));
  const lines = headers.map((header) => `-H ${shellQuoted(header)}`);
  return [first, ...lines, ...curlBody(draft)].join(" \\\n  ");
}

function curlBody({ contentType, form, text }) {
  if (!contentType) return [];
  const pairs = named(form);
  if (contentType === FORM && pairs.length) {
    return pairs.map(([name, value]) => `--data-urlencode ${shellQuoted(`${encodeURIComponent(name)}=${value}`)}`);
  }
  const body = contentType === FORM ? "" : wellFormed(text);
  return [`-H ${shellQuoted(`Content-Type: ${contentType}`)}`, `--data-raw ${shellQuoted(body)}`];
}

/** @param {import("./examples_request.js").Draft} draft @param {string} origin */
export function python(draft, origin) {
  const { argument, headers } = pythonBody(draft);
  const sent = [...headersOf(draft), ...headers];
  const query = named(draft.query);
  const call = [
    quoted(origin + pathOf(draft)),
    query.length && `params=${pythonPairs(query)}`,
    sent.length && `headers={${sent.map(([name, value]) => `${quoted(name)}: ${pythonBytes(value)}`).join(", ")}}`,
    argument,
    draft.comesInPieces && "stream=True",
  ].filter(Boolean);
  const read = draft.comesInPieces
    ? "for piece in answer.iter_content(None):\n    print(piece.decode(), flush=True)"
    : "print(answer.content.decode())";
  return [
    "import requests",
    "",
    `answer = requests.${draft.method.toLowerCase()}(`,
    ...call.map((part) => `    ${part},`),
    ")",
    "print(answer.status_code, answer.reason)",
    read,
  ].join("\n");
}

/** The body as requests takes it, and the headers it does not make of that by itself. */
function pythonBody({ contentType, form, text }) {
  if (!contentType) return { argument: "", headers: [] };
  const pairs = named(form);
  if (contentType === FORM && pairs.length) return { argument: `data=${pythonPairs(pairs)}`, headers: [] };
  const json = contentType === JSON_TYPE && asJson(text);
  if (json) return { argument: `json=${pythonLiteral(json.value)}`, headers: [] };
  const body = contentType === FORM ? "" : wellFormed(text);
  return { argument: `data=${pythonBytes(body)}`, headers: [["Content-Type", contentType]] };
}

/** requests writes text as Latin-1; bytes go as they are. */
function pythonBytes(text) {
  return NOT_ASCII.test(text) ? `${quoted(text)}.encode()` : quoted(text);
}

function pythonPairs(pairs) {
  const isDict = new Set(pairs.map(([name]) => name)).size === pairs.length;
  const parts = pairs.map((pair) => pair.map((text) => quoted(text)));
  if (isDict) return `{${parts.map((pair) => pair.join(": ")).join(", ")}}`;
  return `[${parts.map((pair) => `(${pair.join(", ")})`).join(", ")}]`;
}

function pythonLiteral(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  if (typeof value !== "object") return quoted(value);
  const parts = Object.entries(value).map(([name, each]) => `${quoted(name)}: ${pythonLiteral(each)}`);
  return `{${parts.join(", ")}}`;
}

/** @param {import("./examples_request.js").Draft} draft @param {string} origin */
export function fetchCall(draft, origin) {
  const { body, headers } = fetchBody(draft);
  const sent = [...headersOf(draft), ...headers];
  const isWide = sent.some(([, value]) => NOT_ASCII.test(value));
  const options = [
    draft.method !== "GET" && `method: ${quoted(draft.method)}`,
    sent.length && `headers: ${jsPairs(sent.map(([name, value]) => [name, jsHeader(value)]))}`,
    body && `body: ${body}`,
  ].filter(Boolean);
  const address = quoted(origin + targetOf(draft));
  const call = options.length ? `${address}, {\n${options.map((option) => `  ${option},\n`).join("")}}` : address;
  return [
    ...(isWide ? ["const utf8 = (text) => String.fromCharCode(...new TextEncoder().encode(text));"] : []),
    `const answer = await fetch(${call});`,
    "console.log(answer.status, answer.statusText);",
    draft.comesInPieces
      ? "const pieces = answer.body.pipeThrough(new TextDecoderStream());\nfor await (const piece of pieces) console.log(piece);"
      : "console.log(await answer.text());",
  ].join("\n");
}

function fetchBody({ contentType, form, text }) {
  if (!contentType) return { body: "", headers: [] };
  if (contentType === FORM) {
    const pairs = named(form).map(([name, value]) => [name, quoted(value)]);
    return { body: `new URLSearchParams(${jsPairs(pairs)})`, headers: [] };
  }
  const json = contentType === JSON_TYPE && !text.includes(PROTOTYPE) && asJson(text);
  const body = json ? `JSON.stringify(${quoted(json.value)})` : quoted(wellFormed(text));
  return { body, headers: [["Content-Type", contentType]] };
}

/** An object where that means the same. @param {Array<[string, string]>} pairs name, code of value */
function jsPairs(pairs) {
  const names = new Set(pairs.map(([name]) => name));
  const parts = pairs.map(([name, code]) => [quoted(name), code]);
  if (names.size === pairs.length && !names.has(PROTOTYPE)) {
    return `{ ${parts.map((pair) => pair.join(": ")).join(", ")} }`;
  }
  return `[${parts.map((pair) => `[${pair.join(", ")}]`).join(", ")}]`;
}

/** fetch takes bytes in headers, one for each character. */
function jsHeader(value) {
  return NOT_ASCII.test(value) ? `utf8(${quoted(value)})` : quoted(value);
}

/**
 * The value, if writing it again gives the same text but for spaces: a number that JavaScript
 * rounds, or a name that comes twice, must be sent as it was typed.
 *
 * @param {string} text @returns {{ value: any } | null}
 */
function asJson(text) {
  const sent = wellFormed(text);
  try {
    const value = JSON.parse(sent);
    return JSON.stringify(value) === sent.replace(OUTSIDE_STRINGS, "$1") ? { value } : null;
  } catch {
    return null;
  }
}
