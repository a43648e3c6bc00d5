/** The home page: the drop zone works right there; below it the server's state, and what happened last. */

import "../site/shell.js";
import { gettext } from "../site/i18n.js";
import { ImportFlow } from "./import_flow.js";
import { feed } from "./job_feed.js";
import { onKey } from "../site/keys.js";
import { RecentImports } from "./recent_imports.js";
import { ServerState } from "./server_state.js";

const LOAD = "imports.load";

const flow = new ImportFlow();
const recent = new RecentImports(document.getElementById("recent-imports"), {
  url: "/api/imports/?limit=8",
  emptyWords: gettext("Nothing yet. Drop a file above and it becomes a table."),
});
const states = new Map(); // job id -> state it was listed with

onKey("o", gettext("Choose files"), () => flow.open());
feed.addEventListener("jobs", ({ detail: job }) => {
  if (job?.task !== LOAD || states.get(job.id) === job.state) return;
  states.set(job.id, job.state);
  recent.load();
});
recent.load();
new ServerState(document.getElementById("server-state")).look();
