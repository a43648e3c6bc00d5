/** Another type for a column: what would come of it first, then the change, and how far it is. */

import { FORMS, formsOf } from "../apiapp/column_forms.js";
import { TYPES } from "../apiapp/column_types.js";
import { feed, hasEnded } from "../apiapp/job_feed.js";
import { messageWords, progressWords } from "../apiapp/job_words.js";
import { get, post } from "../site/api.js";
import { withoutTurns } from "../site/bidi.js";
import { button, element, field, link, scrollBox } from "../site/elements.js";
import { number } from "../site/figures.js";
import { gettext, ngettext } from "../site/i18n.js";
import { inWords } from "../site/server_words.js";
import { table } from "../site/states.js";

const LISTED_CELLS = 5;
const SHOWN_ROWS = 100; // of those that hold what will not convert
const SHOWN_CHARS = 80;

export class RetypeDialog {
  #column;
  #path;
  #told;
  #type;
  #form = element("select", {});
  #formField = field(gettext("Written like"), this.#form);
  #stage = element("div", { class: "retype-stage" });
  #trouble = element("p", { class: "note bad", role: "alert", hidden: true });
  #actions = element("div", { class: "actions" });
  #dialog;
  #checking = null; // the import that only looks

  /**
   * @param {ColumnSpec} column
   * @param {string} path of the column
   * @param {{changed: (sentence: string, undo?: () => Promise<void>) => void, showRows: (rowIds: number[]) => void,
   *   tell: (problem: Error) => void}} told tell: of what went wrong when the window was closed
   */
  constructor(column, path, told) {
    this.#column = column;
    this.#path = path;
    this.#told = told;
    const types = Object.entries(TYPES).filter(([type]) => type !== column.type);
    this.#type = element("select", {}, types.map(([value, words]) => element("option", { value }, words)));
    this.#type.addEventListener("change", () => this.#begin());
    this.#form.addEventListener("change", () => this.#offerCheck());
    this.#dialog = this.#build();
    this.#begin();
  }

  open() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    this.#type.focus();
  }

  #build() {
    const title = gettext("Change the type of {column}", { column: this.#column.label });
    const now = gettext("Now: {type}. Nothing is changed before you have seen what will not convert.", { type: TYPES[this.#column.type] });
    return element(
      "dialog",
      { class: "retype-dialog", "aria-label": title, onclose: () => this.#onClose() },
      element(
        "article",
        {},
        element("h2", {}, title),
        element("p", { class: "muted small" }, now),
        element("div", { class: "fields" }, field(gettext("New type"), this.#type), this.#formField),
        this.#trouble,
        this.#stage,
        this.#actions,
      ),
    );
  }

  /** Who turns away from the report does not wait for it; a change that has begun goes on. */
  #onClose() {
    this.#dialog.remove();
    if (this.#checking) post(`/api/imports/${this.#checking}/cancel/`).catch(() => {}); // it ends by itself
  }

  #begin() {
    const forms = this.#column.type === "text" ? formsOf(this.#type.value) : [];
    this.#form.replaceChildren(...forms.map((form) => element("option", { value: form }, FORMS[form])));
    this.#formField.hidden = !forms.length;
    this.#offerCheck();
  }

  #offerCheck() {
    this.#stage.replaceChildren();
    this.#offer(button(gettext("See what would change"), () => this.#attempt(() => this.#check())));
  }

  #offer(...buttons) {
    const close = button(gettext("Cancel"), () => this.#dialog.close(), { class: "quiet" });
    this.#actions.replaceChildren(...buttons, close);
  }

  /** What is refused is said here, and another try is offered. */
  async #attempt(act) {
    this.#trouble.hidden = true;
    this.#lock(true);
    try {
      await act();
    } catch (problem) {
      if (!this.#dialog.isConnected) this.#told.tell(problem);
      this.#offerCheck();
      this.#trouble.textContent = problem.message;
      this.#trouble.hidden = false;
    } finally {
      this.#lock(false);
    }
  }

  #lock(isLocked) {
    for (const input of [this.#type, this.#form]) input.disabled = isLocked;
  }

  // --- what would come of it

  async #check() {
    const begun = await this.#start({ dry_run: true });
    this.#checking = begun.id;
    this.#offer();
    try {
      await this.#endOf(begun.job_id);
    } finally {
      this.#checking = null;
    }
    if (!this.#dialog.isConnected) return;
    const path = `/api/imports/${begun.id}/`;
    const record = await get(path);
    const refused = record.rows_refused ? (await get(`${path}errors/?limit=${SHOWN_ROWS}`)).results : [];
    this.#report(record, refused);
  }

  #report({ id, rows_refused: count, rows_updated: fitting }, refused) {
    const words = count ? this.#refusedWords(count, fitting) : ngettext("The value of {count} row fits.", "The values of all {count} rows fit.", fitting);
    this.#stage.replaceChildren(element("p", { class: `note ${count ? "warn" : "good"}`, role: "status" }, words));
    if (count) this.#stage.append(this.#refusals(id, refused));
    this.#offer(...this.#choices(count));
    this.#actions.querySelector("button").focus();
  }

  #refusedWords(count, fitting) {
    const type = TYPES[this.#type.value];
    return ngettext(
      "{count} cell cannot become “{type}”; {fitting} rows fit.",
      "{count} cells cannot become “{type}”; {fitting} rows fit.",
      count,
      { type, fitting },
    );
  }

  #refusals(importId, refused) {
    const headers = [[gettext("Row"), "number"], gettext("Value"), gettext("Why not")];
    const list = table(headers, refused.slice(0, LISTED_CELLS).map(refusedRow));
    const show = button(gettext("Show these rows in the table"), () => this.#showRows(refused), { class: "plain" });
    const all = link(`/api/imports/${importId}/errors.csv`, gettext("Download all of them (CSV)"));
    all.download = "";
    return element("div", {}, scrollBox(gettext("Cells that will not convert"), list), element("p", { class: "actions small" }, show, all));
  }

  #showRows(refused) {
    this.#dialog.close();
    this.#told.showRows(refused.map(({ row_number: row }) => row));
  }

  #choices(count) {
    if (!count) return [button(gettext("Change the type"), () => this.#attempt(() => this.#change("refuse")))];
    if (this.#column.required) {
      this.#stage.append(element("p", {}, gettext("The column is required, so these cells cannot become empty: correct them first.")));
      return [];
    }
    const empty = ngettext("Change it and empty {count} cell", "Change it and empty {count} cells", count);
    return [button(empty, () => this.#attempt(() => this.#change("empty")))];
  }

  // --- the change

  /** With "refuse" a cell that came meanwhile and does not fit stops it. */
  async #change(onRefused) {
    const type = TYPES[this.#type.value];
    const begun = await this.#start({ on_refused: onRefused });
    this.#offer();
    this.#actions.querySelector("button").textContent = gettext("Close; it goes on");
    await this.#endOf(begun.job_id);
    this.#dialog.close();
    const words = { column: this.#column.label, type };
    const undo = async () => {
      await post(`/api/imports/${begun.id}/undo/`);
      this.#told.changed(gettext("{column} has its old type and values again.", words));
    };
    this.#told.changed(gettext("{column} is “{type}” now.", words), undo);
  }

  #start(how) {
    return post(`${this.#path}retype/`, { type: this.#type.value, form: this.#form.value, ...how });
  }

  /** Throws Error with the reason where the job came to nothing. */
  #endOf(jobId) {
    return new Promise((resolve, reject) => {
      const unfollow = feed.follow(jobId, (job) => {
        this.#showProgress(job);
        if (!hasEnded(job)) return;
        queueMicrotask(() => unfollow());
        if (job.state === "succeeded") resolve();
        else reject(new Error(job.state === "cancelled" ? gettext("It was cancelled; nothing was changed.") : inWords(job.error)));
      });
    });
  }

  #showProgress(job) {
    const words = job.state === "queued" ? gettext("Waiting for its turn") : messageWords(job);
    const bar = element("progress", { max: job.total || null, "aria-label": gettext("Progress") });
    if (job.total) bar.value = job.done;
    this.#stage.replaceChildren(element("p", { class: "small" }, [words, progressWords(job)].filter(Boolean).join(" · ")), bar);
  }
}

function refusedRow({ row_number: row, value, reason }) {
  return element(
    "tr",
    {},
    element("td", { class: "number" }, number(row)),
    element("td", { class: "mono" }, withoutTurns(String(value ?? "")).slice(0, SHOWN_CHARS)),
    element("td", {}, inWords(reason)),
  );
}
