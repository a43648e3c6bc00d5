/** The picture as it is now, as a PNG file. */

/** @param {CanvasImageSource} picture @param {{ width: number, height: number }} size @param {string} name of the screen */
export async function saveSnapshot(picture, { width, height }, name) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").drawImage(picture, 0, 0);
  const url = URL.createObjectURL(await canvas.convertToBlob({ type: "image/png" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name} ${fileTime(new Date())}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  return link.download;
}

/** 2026-11-21 10.05.33, by the clock on the wall: no file name may have a colon everywhere. */
function fileTime(now) {
  const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
}
