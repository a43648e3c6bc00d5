// Copies the browser parts that package.json pins, with their licences, beside this file.
//   npm ci && npm run vendor
// The copies are committed: neither running nor testing the server needs Node.

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { leaveOut } from "./leave_out.mjs";

const VENDOR = dirname(fileURLToPath(import.meta.url));
const MODULES = join(VENDOR, "..", "..", "node_modules");

/**
 * Package -> our folder, and its files with the names we serve them by; every package's licence comes
 * along.  Uppy's parts lie in its bundle; what it needs beside comes from them.  `unused`: what
 * no page of ours has, so that no page waits for its rules; a page that comes to need one takes it
 * out of this list.
 */
const PARTS = {
  "@picocss/pico": {
    folder: "pico",
    files: { "css/pico.fluid.classless.min.css": "pico.fluid.classless.min.css" },
    licence: "LICENSE.md",
    unused: [
      /^\[data-theme=/, // the system alone decides between light and dark
      /\[data-tooltip\]/,
      /\[dir=rtl\]/, // both languages run from left to right
      /^(blockquote|figure|hgroup|samp)\b/,
      /\[type=(color|date|datetime-local|file|month|range|time|week)\]/,
      /\[aria-busy=true\]/, // skeletons say so
      /\[aria-label=breadcrumb\]/,
      /\[role=(button|group|link|switch)\]/,
      /\[type=reset\]/,
    ],
  },
  uppy: { folder: "uppy", files: { "dist/uppy.min.mjs": "uppy.min.mjs" }, licence: "LICENSE" },
  "@uppy/core": { folder: "uppy", files: { "dist/style.min.css": "core.min.css" }, licence: "LICENSE" },
  "@uppy/dashboard": {
    folder: "uppy",
    files: { "dist/style.min.css": "dashboard.min.css" },
    licence: "LICENSE",
    unused: [/uppy-(Provider|SearchProvider|Url|Webcam)/, /\[dir=rtl\]/],
  },
  "@uppy/golden-retriever": {
    folder: "uppy",
    files: { "lib/ServiceWorker.js": "ServiceWorker.js" },
    licence: "LICENSE",
  },
  uplot: {
    folder: "uplot",
    files: { "dist/uPlot.esm.js": "uPlot.mjs", "dist/uPlot.min.css": "uPlot.min.css" },
    licence: "LICENSE",
  },
  "@uppy/locales": { folder: "uppy", files: { "lib/zh_CN.js": "zh_CN.js" }, licence: "LICENSE" },
};

/** Maps to the sources are left out with the line that names them: they are not served. */
const SOURCE_MAP = /\n?(\/\/|\/\*)# sourceMappingURL=.*\n?/g;

async function copyPart(name, { folder, files, licence, unused = [] }) {
  const source = join(MODULES, name);
  const target = join(VENDOR, folder);
  await mkdir(target, { recursive: true });
  for (const [from, to] of Object.entries(files)) {
    const text = (await readFile(join(source, from), "utf8")).replace(SOURCE_MAP, "\n");
    await writeFile(join(target, to), unused.length ? leaveOut(text, unused) : text);
  }
  await copyFile(join(source, licence), join(target, "LICENSE"));
  const { version, license } = JSON.parse(await readFile(join(source, "package.json"), "utf8"));
  return { name, version, license, files: Object.values(files).map((file) => `${folder}/${file}`) };
}

const copied = [];
for (const [name, part] of Object.entries(PARTS)) copied.push(await copyPart(name, part));
await writeFile(join(VENDOR, "VERSIONS.json"), `${JSON.stringify(copied, null, 2)}\n`);
