/** Give a canvas this size, unless it has it: setting it wipes the picture off. */
export function fit(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
