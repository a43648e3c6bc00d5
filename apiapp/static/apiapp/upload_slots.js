/**
 * Under which names this browser keeps what it is sending, so that a reload finds it again.
 *
 * Each window sends under a name of its own; a name is kept while files are under it.  A window that
 * opens takes over a kept name that no other window works under.
 */

const KEY = "sluice.sending";

/** @returns {string[]} the names that this person's files are kept under, oldest first */
export function keptSlots() {
  return all().filter((name) => name.startsWith(prefix()));
}

/** @returns {string} a name that nothing is kept under yet */
export function newSlot() {
  return prefix() + crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
}

/** @param {string} name @param {boolean} hasFiles */
export function keepSlot(name, hasFiles) {
  const others = all().filter((each) => each !== name);
  try {
    localStorage.setItem(KEY, JSON.stringify(hasFiles ? [...others, name] : others));
  } catch {
    // Full or switched off: files are still sent, only a reload forgets them.
  }
}

/** Whoever signs in next in this browser gets nothing of it. */
function prefix() {
  return `sluice-${document.body.dataset.userId}-`;
}

function all() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((name) => typeof name === "string") : [];
  } catch {
    return []; // storage is switched off, or somebody else wrote there
  }
}
