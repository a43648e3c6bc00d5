/**
 * Picture in picture.  The window shows a canvas of its own, so that words can lie over a picture
 * that is not live: nothing of the page is seen there.
 */

import { fit } from "./canvas_size.js";

const SHADE = "rgb(12 20 32 / 72%)";

export class SmallWindow {
  #canvas = document.createElement("canvas");
  #video = document.createElement("video");
  #source;

  /** @param {() => CanvasImageSource} source of the picture as it is now @param {() => void} onChange */
  constructor(source, onChange) {
    this.#source = source;
    this.#video.muted = true;
    for (const name of ["enterpictureinpicture", "leavepictureinpicture"]) {
      this.#video.addEventListener(name, onChange);
    }
  }

  get isOpen() {
    return document.pictureInPictureElement === this.#video;
  }

  /** On a press of a button alone: browsers ask for one. */
  async toggle() {
    if (this.isOpen) return document.exitPictureInPicture();
    this.#copy();
    this.#video.srcObject ??= this.#canvas.captureStream();
    await this.#video.play();
    return this.#video.requestPictureInPicture();
  }

  /** @param {string} words over the picture; "" while it is live */
  draw(words) {
    if (!this.isOpen) return;
    this.#copy();
    if (words) this.#shade(words);
  }

  #copy() {
    const picture = this.#source();
    const width = picture.naturalWidth ?? picture.width;
    const height = picture.naturalHeight ?? picture.height;
    fit(this.#canvas, width, height);
    this.#canvas.getContext("2d").drawImage(picture, 0, 0);
  }

  #shade(words) {
    const { width, height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    context.fillStyle = SHADE;
    context.fillRect(0, 0, width, height);
    context.fillStyle = "white";
    context.font = `600 ${Math.round(height / 16)}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.fillText(words, width / 2, height / 2, width * 0.9);
  }
}
