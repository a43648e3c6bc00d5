// Copies the browser parts that package.json pins, with their licences, beside this file.
//   npm ci && npm run vendor
// The copies are committed: neither running nor testing the server needs Node.

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const VENDOR = dirname(fileURLToPath(import.meta.url));
const MODULES = join(VENDOR, "..", "..", "node_modules");

/** Package -> our folder and the files we serve; every package's licence comes along. */
const PARTS = {
  "@picocss/pico": {
    folder: "pico",
    files: ["css/pico.fluid.classless.min.css"],
    licence: "LICENSE.md",
  },
};

async function copyPart(name, { folder, files, licence }) {
  const source = join(MODULES, name);
  const target = join(VENDOR, folder);
  await mkdir(target, { recursive: true });
  for (const file of files) {
    await copyFile(join(source, file), join(target, file.split("/").pop()));
  }
  await copyFile(join(source, licence), join(target, "LICENSE"));
  const { version, license } = JSON.parse(await readFile(join(source, "package.json"), "utf8"));
  return { name, version, license, files: files.map((file) => `${folder}/${file.split("/").pop()}`) };
}

const copied = [];
for (const [name, part] of Object.entries(PARTS)) copied.push(await copyPart(name, part));
await writeFile(join(VENDOR, "VERSIONS.json"), `${JSON.stringify(copied, null, 2)}\n`);
