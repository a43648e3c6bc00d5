/** The page /import/; with `?file=` it goes on with an upload that the server has. */

import "../site/shell.js";
import { ImportFlow } from "./import_flow.js";
import { onKey } from "../site/keys.js";
import { gettext } from "../site/i18n.js";

const IDLE_MS = 200; // where browsers do not tell when they have nothing to do

const flow = new ImportFlow();
const whenIdle = globalThis.requestIdleCallback ?? ((work) => setTimeout(work, IDLE_MS));
const wanted = new URLSearchParams(location.search).get("file");

onKey("o", gettext("Choose files"), () => flow.open());
if (wanted) {
  history.replaceState(null, "", location.pathname); // a reload finds its card by itself
  flow.goOnWith(wanted);
}
// The page is drawn first; until then, and should it never come, the plain file input works.
whenIdle(() => flow.prepare());
