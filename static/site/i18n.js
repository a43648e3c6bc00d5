/**
 * Words and plurals in the page's language.
 *
 * The page carries the translations that its modules use at once as JSON (`#catalog`, from
 * gettext's djangojs domain; see module_words.py); whoever imports more modules later asks for
 * `allWords` before.  English has no translations and needs none.  `{name}` in a message is filled
 * in from `values`.
 */

const catalog = JSON.parse(document.getElementById("catalog")?.textContent || "{}");

export const language = document.documentElement.lang || "en";

let fetching = null;

/** Have the words of every module; without an answer their English remains. */
export function allWords() {
  fetching ??= language === "en" ? Promise.resolve() : fetchWords();
  return fetching;
}

async function fetchWords() {
  const response = await fetch(`/words/${language}.json`).catch(() => null);
  if (response?.ok) Object.assign(catalog, await response.json());
  else fetching = null;
}

const numbers = new Intl.NumberFormat(language);

/** @param {string} message @param {Record<string, string | number>} [values] */
export function gettext(message, values = {}) {
  return fill(catalog[message] ?? message, values);
}

/**
 * The form for `count`, which fills `{count}`.  Enough for languages with one form (Chinese) or
 * with one and many (English).
 */
export function ngettext(singular, plural, count, values = {}) {
  const forms = catalog[singular] ?? [singular, plural];
  const form = forms.length === 1 || count === 1 ? forms[0] : forms[1];
  return fill(form, { count, ...values });
}

function fill(message, values) {
  return message.replace(/\{(\w+)\}/g, (hole, name) => {
    const value = values[name];
    if (value === undefined) return hole;
    return typeof value === "number" ? numbers.format(value) : value;
  });
}
