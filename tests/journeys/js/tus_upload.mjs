// Sends one file with tus-js-client; told by JSON as the first argument, tells what it does by lines.
//   {endpoint, headers, file, metadata, options, stopAt, url}
// stopAt: pause once so many bytes were sent, and go on after a line on standard input.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Upload } from "tus-js-client";

const wanted = JSON.parse(process.argv[2]);
const source = readFileSync(wanted.file);
let isPaused = false;

function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

const upload = new Upload(source, {
  endpoint: wanted.endpoint,
  uploadUrl: wanted.url,
  headers: wanted.headers,
  metadata: wanted.metadata,
  retryDelays: [50, 100, 200, 500, 1000, 2000, 2000, 2000, 2000, 2000, 2000, 2000],
  ...wanted.options,
  onError(error) {
    tell({ event: "error", message: String(error) });
    process.exit(1);
  },
  onProgress(sent) {
    if (wanted.stopAt && sent >= wanted.stopAt && !isPaused) {
      isPaused = true;
      upload.abort().then(() => tell({ event: "paused", sent, url: upload.url }));
    }
  },
  onSuccess() {
    tell({ event: "done", url: upload.url });
    process.exit(0);
  },
});

createInterface({ input: process.stdin }).on("line", () => upload.start());
upload.start();
