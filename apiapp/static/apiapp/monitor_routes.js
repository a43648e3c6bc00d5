/** The routes of /monitor/, slowest first: a look at each, and the way to see one alone. */

import { button, element, scrollBox } from "../site/elements.js";
import { number } from "../site/figures.js";
import { gettext, ngettext } from "../site/i18n.js";
import { table } from "../site/states.js";
import { rate, share, took } from "./monitor_words.js";

const FEW = 10;
const ORDERS = {
  p99: (route) => route.p99_s ?? 0,
  count: (route) => route.count,
  failed: (route) => route.rate_5xx * route.count,
  refused: (route) => route.rate_4xx * route.count,
};

export class MonitorRoutes {
  #place;
  #onRoute;
  #order = element("select", { onchange: () => this.#draw() }, [
    element("option", { value: "p99" }, gettext("slowest")),
    element("option", { value: "count" }, gettext("most requests")),
    element("option", { value: "failed" }, gettext("most server errors (5xx)")),
    element("option", { value: "refused" }, gettext("most refusals (4xx)")),
  ]);
  #list = element("div");
  #routes = [];
  #areAllShown = false;

  /** @param {HTMLElement} place @param {(route: string) => void} onRoute one is to be seen alone */
  constructor(place, onRoute) {
    this.#place = place;
    this.#onRoute = onRoute;
    this.#order.setAttribute("aria-label", gettext("Order of the routes"));
  }

  /** @param {object[]} routes as GET /api/monitoring/requests/ answers */
  show(routes) {
    this.#routes = routes;
    if (!routes.length) return this.#place.replaceChildren();
    if (!this.#list.isConnected) {
      const head = element("div", { class: "routes-head" }, element("h3", {}, gettext("Routes")), this.#order);
      this.#place.replaceChildren(head, this.#list);
    }
    return this.#draw();
  }

  /** What had the focus has it again, and what was scrolled stays so. */
  #draw() {
    const focused = this.#list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const left = this.#list.querySelector(".scroll")?.scrollLeft ?? 0;
    const by = ORDERS[this.#order.value];
    const sorted = this.#routes.toSorted((one, other) => by(other) - by(one));
    const shown = this.#areAllShown ? sorted : sorted.slice(0, FEW);
    const headers = [gettext("Route"), ...[gettext("Requests"), gettext("per second"), "P50", "P90", "P99", "4xx", "5xx"].map((words) => [words, "number"])];
    const list = table(headers, shown.map((route) => this.#rowFor(route)));
    list.classList.remove("list"); // on a phone it scrolls: as blocks it would be endless
    const box = scrollBox(gettext("Routes"), list);
    this.#list.replaceChildren(...[box, this.#more(sorted.length)].filter(Boolean));
    box.scrollLeft = left;
    if (focused) this.#list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }

  #more(count) {
    if (count <= FEW || this.#areAllShown) return null;
    const showAll = () => {
      this.#areAllShown = true;
      this.#draw();
    };
    return button(ngettext("Show the one route", "Show all {count} routes", count), showAll, { class: "quiet small", "data-key": "all" });
  }

  #rowFor(one) {
    const { route, method, count, per_s: perSecond, rate_4xx: refused, rate_5xx: failed } = one;
    const cell = (words, kind = "") => element("td", { class: `number ${kind}` }, words);
    const name = button(route, () => this.#onRoute(route), { class: "plain mono", "data-key": `${method} ${route}`, title: gettext("Show this route alone") });
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, element("span", { class: "method" }, method), " ", name),
      cell(number(count)),
      cell(rate(perSecond)),
      ...[one.p50_s, one.p90_s, one.p99_s].map((seconds) => cell(took(seconds))),
      cell(share(refused)),
      cell(share(failed), failed ? "bad" : ""),
    );
  }
}
