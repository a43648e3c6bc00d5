/** Looks that a page fetches when it needs them. */

import { element } from "./elements.js";

/** @param {URL} href @returns {Promise<void>} when it is there, or cannot be had */
export function applied(href) {
  const styles = element("link", { rel: "stylesheet", href });
  const arrived = new Promise((resolve) => (styles.onload = styles.onerror = resolve));
  document.head.append(styles);
  return arrived;
}
