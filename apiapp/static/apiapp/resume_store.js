/**
 * Which files arrived from this browser and are no tables yet, kept over reloads and crashes.
 *
 * An entry: {fileId, name, size, importId?}.  The server knows how far each is; this only remembers
 * which ones are ours to go on with.
 */

const KEY = "sluice.unfinished";

export class ResumeStore {
  /** @returns {Array<Record<string, any>>} oldest first */
  all() {
    try {
      return JSON.parse(localStorage.getItem(KEY) ?? "[]");
    } catch {
      return []; // storage is switched off, or somebody else wrote there
    }
  }

  /** Add an entry, or replace the one with the same fileId. */
  put(entry) {
    const others = this.all().filter(({ fileId }) => fileId !== entry.fileId);
    this.#write([...others, entry]);
  }

  /** @param {string} fileId */
  forget(fileId) {
    this.#write(this.all().filter((entry) => entry.fileId !== fileId));
  }

  #write(entries) {
    try {
      localStorage.setItem(KEY, JSON.stringify(entries));
    } catch {
      // Full or switched off: uploads still work, only a reload forgets them.
    }
  }
}
