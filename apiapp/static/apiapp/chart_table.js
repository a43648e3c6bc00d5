/** The figures of a chart as a table, which is made for who asks for it: it may have thousands of rows. */

import { element } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

export class ChartTable {
  #make;
  #box;

  /** @param {string} title @param {() => HTMLTableElement} make */
  constructor(title, make) {
    this.#make = make;
    this.#box = element("div", { class: "chart-table", tabindex: "0", role: "region", "aria-label": title });
    this.root = element("details", { ontoggle: () => this.update() }, element("summary", { class: "small" }, gettext("As a table")), this.#box);
  }

  /** The figures are others now.  What is open stays where it was scrolled to. */
  update() {
    if (this.root.open) this.#box.replaceChildren(this.#make());
  }
}
