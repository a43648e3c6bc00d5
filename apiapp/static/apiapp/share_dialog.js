/** With whom a dataset is shared: shown, added to, changed and taken back by its owner. */

import { call, get } from "../site/api.js";
import { button, element, field } from "../site/elements.js";
import { isolated } from "../site/bidi.js";
import { gettext } from "../site/i18n.js";
import { giveAwayForm } from "./give_away.js";
import { errorView, loadingView } from "../site/states.js";

const ROLES = { viewer: gettext("Viewer: sees and exports"), editor: gettext("Editor: changes and imports, too") };
const KINDS = { user: gettext("User"), group: gettext("Group") };

export class ShareDialog {
  #path;
  #list = element("ul", { class: "shared-with", "aria-live": "polite" });
  #trouble = element("p", { class: "note bad", role: "alert", hidden: true });
  #kind = choice(KINDS, "user");
  #name = element("input", { name: "name", required: true, maxlength: "150", autocomplete: "off", spellcheck: "false" });
  #role = choice(ROLES, "viewer");
  #dialog;

  /** @param {string} slug @param {string} title of the dataset */
  constructor(slug, title) {
    this.#path = `/api/datasets/${encodeURIComponent(slug)}/permissions/`;
    this.#dialog = this.#build(slug, isolated(title));
  }

  open() {
    document.body.append(this.#dialog);
    this.#dialog.addEventListener("close", () => this.#dialog.remove());
    this.#dialog.showModal();
    this.#name.focus();
    this.#load();
  }

  #build(slug, title) {
    return element(
      "dialog",
      { class: "share-dialog", "aria-labelledby": "share-title" },
      element(
        "article",
        {},
        element("h2", { id: "share-title" }, gettext("Share “{title}”", { title })),
        element("p", { class: "muted small" }, gettext("Nobody else finds it. Only you can share it, give it away or delete it.")),
        element(
          "form",
          { onsubmit: (event) => this.#onSubmit(event) },
          element(
            "div",
            { class: "fields" },
            field(gettext("With"), this.#kind),
            field(gettext("Name"), this.#name),
            field(gettext("As"), this.#role),
          ),
          element("button", { type: "submit" }, gettext("Share")),
        ),
        this.#trouble,
        this.#list,
        giveAwayForm(slug),
        element("div", { class: "actions" }, button(gettext("Close"), () => this.#dialog.close(), { class: "quiet" })),
      ),
    );
  }

  async #load() {
    this.#list.replaceChildren(element("li", {}, loadingView()));
    try {
      const { results } = await get(`${this.#path}?limit=1000`);
      this.#list.replaceChildren(...results.map((grant) => this.#line(grant)));
      if (!results.length) this.#list.replaceChildren(element("li", { class: "muted" }, gettext("Shared with nobody yet.")));
    } catch (problem) {
      this.#list.replaceChildren(element("li", {}, errorView(problem, () => this.#load())));
    }
  }

  #line(grant) {
    const name = grant.user ?? gettext("{group} (group)", { group: isolated(grant.group) });
    const role = choice(ROLES, grant.role);
    role.setAttribute("aria-label", gettext("What {name} may", { name }));
    role.addEventListener("change", () => this.#change("PATCH", grant, { role: role.value }));
    const remove = button(gettext("Remove"), () => this.#change("DELETE", grant), {
      class: "quiet small",
      "aria-label": gettext("Share it with {name} no more", { name }),
    });
    return element("li", {}, element("span", { class: "grow" }, name), role, remove);
  }

  #onSubmit(event) {
    event.preventDefault();
    const wish = { [this.#kind.value]: this.#name.value.trim(), role: this.#role.value };
    return this.#send(async () => {
      await call("POST", this.#path, wish);
      this.#name.value = "";
    });
  }

  #change(method, grant, body) {
    return this.#send(() => call(method, `${this.#path}${grant.id}/`, body));
  }

  /** What was refused is told; the list is then as the server has it, in any case. */
  async #send(request) {
    this.#trouble.hidden = true;
    try {
      await request();
    } catch (problem) {
      const isUnknown = problem.status === 422;
      this.#trouble.textContent = isUnknown
        ? gettext("There is no such user or group to share it with.")
        : problem.message;
      this.#trouble.hidden = false;
    }
    await this.#load();
  }
}

function choice(options, chosen) {
  const made = Object.entries(options).map(([value, words]) =>
    element("option", { value, selected: value === chosen }, words),
  );
  return element("select", {}, ...made);
}
