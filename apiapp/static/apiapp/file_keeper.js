/** The service worker that holds chosen files for Golden Retriever while a page is loaded anew. */

const SCRIPT = "/file-keeper.js";
const PATIENCE_MS = 2000;
const ALIVE_EVERY_MS = 15_000; // browsers stop a worker that nobody has spoken to for 30 s

/**
 * @returns {Promise<boolean>} whether this page has one: browsers grant it over https and on
 *   localhost, and not to a page that was reloaded past the cache
 */
export async function hasFileKeeper() {
  const workers = navigator.serviceWorker;
  if (!workers) return false;
  if (workers.controller) return true;
  const controlled = new Promise((resolve) => {
    workers.addEventListener("controllerchange", () => resolve(true), { once: true });
    setTimeout(resolve, PATIENCE_MS, false);
  });
  const registered = await workers.register(SCRIPT, { type: "module" }).catch(() => null);
  return registered !== null && controlled;
}

/** Speak to the worker now and then while `isNeeded`, so that it does not forget. */
export function keepFileKeeperAlive(store, isNeeded) {
  setInterval(() => {
    if (!isNeeded()) return;
    navigator.serviceWorker.controller?.postMessage({ type: "uppy/REMOVE_FILE", store, fileID: "" });
  }, ALIVE_EVERY_MS);
}
