/** What every page has: its keys, and the live count of running jobs in the top bar. */

import { ngettext } from "./i18n.js";
import "./keys.js";

const count = document.getElementById("jobs-running");

function show(running) {
  count.hidden = running === 0;
  count.textContent = String(running);
  count.title = ngettext("{count} job is running", "{count} jobs are running", running);
}

/** A stranger has no jobs: for them no socket is opened. */
async function followJobs() {
  const { feed } = await import("../apiapp/job_feed.js");
  feed.addEventListener("jobs", () => show(feed.active.length));
}

if (count) followJobs();
