/**
 * The picture of a screen, a window or a tab that somebody chose: the newest frame, and when it comes.
 *
 * What is captured sends a frame only when something changes, so the last one is kept: a viewer who
 * comes to a still screen wants a picture too.
 */

/** Why nothing can be captured on this page: "", "not-secure" or "no-capture". */
export function whyNoCapture() {
  if (!isSecureContext) return "not-secure";
  return navigator.mediaDevices?.getDisplayMedia ? "" : "no-capture";
}

/**
 * Have somebody choose; to be called on the press of a button.  Throws NotAllowedError if they do not.
 *
 * @param {{ heightPx: number, fps: number }} wanted heightPx: at most; 0: as it is
 */
export function chooseScreen({ heightPx, fps }) {
  const size = heightPx ? { height: { max: heightPx }, width: { max: Math.round((heightPx * 64) / 27) } } : {};
  return navigator.mediaDevices.getDisplayMedia({
    video: { ...size, frameRate: { ideal: fps, max: fps } },
    audio: false,
    selfBrowserSurface: "exclude",
    surfaceSwitching: "include",
  });
}

const VIDEO_EVERY_MS = 50;

export class Capture extends EventTarget {
  #track;
  #reader = null;
  #ticker = null;
  #newest = null;
  #isStopped = false;

  /** Events: "frame", and "end" when there will be no more. @param {MediaStream} stream */
  constructor(stream) {
    super();
    this.stream = stream;
    [this.#track] = stream.getVideoTracks();
    this.#track.addEventListener("ended", () => this.#end());
    if ("MediaStreamTrackProcessor" in window) this.#readTrack();
    else this.#readVideo();
  }

  /** @returns {VideoFrame | HTMLVideoElement | null} not to be closed; null before the first */
  get newest() {
    return this.#newest;
  }

  stop() {
    this.#isStopped = true;
    this.#track.stop();
    this.#reader?.cancel();
    this.#ticker?.terminate();
    this.#newest?.close?.();
    this.#newest = null;
  }

  async #readTrack() {
    const { readable } = new MediaStreamTrackProcessor({ track: this.#track, maxBufferSize: 1 });
    this.#reader = readable.getReader();
    for (;;) {
      const { value: frame, done } = await this.#reader.read();
      if (done || this.#isStopped) {
        frame?.close();
        return;
      }
      this.#newest?.close();
      this.#newest = frame;
      this.dispatchEvent(new Event("frame"));
    }
  }

  async #readVideo() {
    const video = document.createElement("video");
    video.muted = true;
    video.srcObject = this.stream;
    await video.play();
    this.#newest = video;
    // A page that is not looked at has slow timers; those of a worker go on.
    this.#ticker = new Worker(new URL("./ticker.js", import.meta.url));
    this.#ticker.onmessage = () => this.dispatchEvent(new Event("frame"));
    this.#ticker.postMessage(VIDEO_EVERY_MS);
  }

  #end() {
    if (!this.#isStopped) this.dispatchEvent(new Event("end"));
  }
}

/** What is to be seen of a frame. @param {VideoFrame | HTMLVideoElement} frame */
export function areaOf(frame) {
  if (!frame.visibleRect) return { x: 0, y: 0, width: frame.videoWidth ?? 0, height: frame.videoHeight ?? 0 };
  const { x, y, width, height } = frame.visibleRect;
  return { x, y, width, height };
}
