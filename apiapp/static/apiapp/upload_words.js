/** What there is to say about an upload: its state, the way it comes, and how to go on with it. */

import { gettext } from "../site/i18n.js";

const STATES = {
  receiving: ["running", gettext("arriving")],
  verifying: ["running", gettext("being verified")],
  finished: ["succeeded", gettext("here")],
  failed: ["failed", gettext("failed")],
};

const PROTOCOLS = {
  chunks: gettext("in chunks"),
  form: gettext("in one request"),
  tus: "tus",
  resumable: gettext("IETF resumable upload"),
  resumablejs: "resumable.js",
};

/** @returns {[string, string]} the look of the state (see .state), and its words */
export function stateOf({ state }) {
  return STATES[state] ?? ["", state];
}

export function protocolWords({ protocol }) {
  return PROTOCOLS[protocol] ?? protocol;
}

/** How to go on with an upload that has not all its bytes, by the way it began. */
export function hintFor({ protocol, file_id: id }) {
  const address = `${location.origin}/api/${protocol}/${id}/`;
  const hints = {
    tus: gettext(
      "To go on, choose the same file on the import page, in the browser that began it; or give a tus client the address {address}",
      { address },
    ),
    resumable: gettext(
      "To go on, ask {address} with HEAD for the offset and append from there with PATCH",
      { address },
    ),
    chunks: gettext(
      "To go on, run manage.py upload again with the same file, or send the missing chunks",
    ),
    resumablejs: gettext(
      "To go on, choose the same file again where it was begun: what is here is not sent twice",
    ),
  };
  return hints[protocol] ?? "";
}
