/** A link that was just made: its address, which is shown this once, to copy or to scan. */

import { announce } from "../site/announcer.js";
import { copyTextOf } from "../site/clipboard.js";
import { button, element } from "../site/elements.js";
import { gettext } from "../site/i18n.js";

/** @param {{ url: string, qr_svg: string }} made as POST …/links/ answers it */
export function madeLink({ url, qr_svg: code }) {
  const address = element("code", { class: "address", tabindex: "0" }, url);
  const said = element("span", { class: "muted small", role: "status" });
  const copy = button(gettext("Copy"), () => copyAddress(address, said), { class: "small" });
  const picture = element("img", {
    class: "qr",
    alt: gettext("The link as a QR code"),
    width: 148,
    height: 148,
    src: `data:image/svg+xml,${encodeURIComponent(code)}`,
  });
  return element(
    "div",
    { class: "made-link" },
    code ? picture : null,
    element(
      "div",
      {},
      element("p", {}, gettext("Send this link to who is to watch. It is shown this once.")),
      address,
      element("p", { class: "actions" }, copy, said),
    ),
  );
}

async function copyAddress(address, said) {
  const isCopied = await copyTextOf(address);
  said.textContent = isCopied ? gettext("Copied") : gettext("Select the link and copy it by hand.");
  announce(said.textContent);
}
