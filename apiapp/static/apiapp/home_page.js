/** The home page: the drop zone works right there; below it, what happened last. */

import "./shell.js";
import { gettext } from "./i18n.js";
import { ImportFlow } from "./import_flow.js";
import { onKey } from "./keys.js";
import { RecentImports } from "./recent_imports.js";

const flow = new ImportFlow();
const recent = new RecentImports(document.getElementById("recent-imports"), {
  url: "/api/imports/?limit=8",
  emptyWords: gettext("Nothing yet. Drop a file above and it becomes a table."),
});

onKey("o", gettext("Choose files"), () => flow.open());
flow.addEventListener("news", () => recent.load());
recent.load();
