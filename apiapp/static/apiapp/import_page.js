/** The page /import/. */

import "./shell.js";
import { ImportFlow } from "./import_flow.js";
import { onKey } from "./keys.js";
import { gettext } from "./i18n.js";

const flow = new ImportFlow();
onKey("o", gettext("Choose files"), () => flow.open());
