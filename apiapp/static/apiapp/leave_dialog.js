/** What somebody else's dataset was shared with one as, and the way out of it. */

import { get, remove } from "../site/api.js";
import { isolated } from "../site/bidi.js";
import { button, element } from "../site/elements.js";
import { gettext } from "../site/i18n.js";
import { loadingView, showIn } from "../site/states.js";

const WORDS = {
  viewer: (said) => gettext("{owner} shares it with you as a viewer: you see and export it.", said),
  editor: (said) => gettext("{owner} shares it with you as an editor: you change it and import into it.", said),
};

export class LeaveDialog {
  #path;
  #content = element("div", {}, loadingView());
  #trouble = element("p", { class: "note bad", role: "alert", hidden: true });
  #dialog;

  /** @param {string} slug @param {string} title of the dataset */
  constructor(slug, title) {
    this.#path = `/api/datasets/${encodeURIComponent(slug)}/permissions/`;
    this.#dialog = element(
      "dialog",
      { class: "share-dialog", "aria-labelledby": "share-title", onclose: () => this.#dialog.remove() },
      element(
        "article",
        {},
        element("h2", { id: "share-title" }, isolated(title)),
        this.#content,
        this.#trouble,
        element("div", { class: "actions" }, button(gettext("Close"), () => this.#dialog.close(), { class: "quiet" })),
      ),
    );
  }

  open() {
    document.body.append(this.#dialog);
    this.#dialog.showModal();
    showIn(this.#content, async () => {
      const { results } = await get(this.#path); // one's own: at most one
      return results.length ? this.#own(results[0]) : element("p", {}, gettext("It is shared with a group that you are in. Its owner can change that."));
    });
  }

  #own(grant) {
    const words = WORDS[grant.role]({ owner: isolated(grant.granted_by) });
    const leave = button(gettext("Leave this table"), () => this.#leave(grant, leave));
    return [
      element("p", {}, words),
      element("p", { class: "muted small" }, gettext("If you leave, you do not see it any more, until it is shared with you again. Nothing in it changes.")),
      leave,
    ];
  }

  async #leave(grant, pressed) {
    pressed.disabled = true;
    try {
      await remove(`${this.#path}${grant.id}/`);
      location.assign("/datasets/");
    } catch (problem) {
      this.#trouble.textContent = problem.message;
      this.#trouble.hidden = false;
      pressed.disabled = false;
    }
  }
}
