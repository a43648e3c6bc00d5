/** Fetches Uppy, its looks and its words: only on pages where somebody sends files. */

import { gettext, language } from "../site/i18n.js";
import { applied } from "../site/stylesheet.js";

const FOLDER = new URL("../vendor/uppy/", import.meta.url);
const STYLES = [
  new URL("core.min.css", FOLDER),
  new URL("dashboard.min.css", FOLDER),
  new URL("../css/uploader.css", import.meta.url),
];

/** @returns {Promise<{Uppy, Dashboard, Tus, GoldenRetriever, locale}>} */
export async function uppyParts() {
  const [uppy, theirs] = await Promise.all([
    import(new URL("uppy.min.mjs", FOLDER)),
    language === "en" ? null : import(new URL("zh_CN.js", FOLDER)),
    ...STYLES.map(applied),
  ]);
  const { Uppy, Dashboard, Tus, GoldenRetriever } = uppy;
  return { Uppy, Dashboard, Tus, GoldenRetriever, locale: localeOf(theirs?.default) };
}

/** Our words where Uppy's say less, or say it otherwise than the rest of the site. */
function localeOf(theirs) {
  const strings = {
    dashboardTitle: gettext("Files to send"),
    dropPasteFiles: gettext("Drop files with tables here, paste them, or %{browseFiles}"),
    browseFiles: gettext("choose files"),
    dropHint: gettext("Let go to send the file"),
    addMore: gettext("More files"),
    resumeUpload: gettext("Go on"),
    pauseUpload: gettext("Pause"),
    retryUpload: gettext("Try again"),
    resume: gettext("Go on"),
    pause: gettext("Pause"),
    retry: gettext("Try again"),
    cancel: gettext("Cancel"),
    paused: gettext("Paused"),
    uploading: gettext("Uploading"),
    removeFile: gettext("Remove %{file}"),
    sessionRestored: gettext("There are files that are not finished."),
    recoveredXFiles: [0, 1].map(() =>
      gettext(
        "This browser could not keep every file. Choose the same file again: it goes on where it stopped.",
      ),
    ),
    recoveredAllFiles: gettext("They are still here: go on where they stopped."),
    reSelect: gettext("Choose the file again"),
    noDuplicates: gettext("“%{fileName}” is being sent already."),
    failedToUpload: gettext("“%{file}” was not sent."),
    uploadXFiles: [0, 1].map(() => gettext("Go on")),
    uploadXNewFiles: [0, 1].map(() => gettext("Send the new files")),
    noInternetConnection: gettext("No network. It goes on by itself when it is back."),
    connectedToInternet: gettext("The network is back."),
  };
  return { ...theirs, strings: { ...theirs?.strings, ...strings } };
}
