/** The home page: what belongs to files, and this machine's screen once somebody stirs. */

import "../apiapp/home_page.js";

const picture = document.querySelector("#screen-gate img");
const wake = () => import("../streaming/screen_gate.js");

if (picture?.complete && !picture.naturalWidth) wake();
picture?.addEventListener("error", wake);
for (const sign of ["pointermove", "keydown"]) addEventListener(sign, wake, { once: true });
