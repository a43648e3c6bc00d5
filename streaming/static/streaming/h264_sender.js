/** Encodes H.264 by WebCodecs: Annex B, constrained baseline, no delay; key frames on demand. */

import { areaOf } from "./capture.js";

const MOST_WAITING = 2; // frames before the encoder; more would only be late
const BITS_PER_PIXEL = 0.08;
const [LEAST_BITS_S, MOST_BITS_S] = [600_000, 6_000_000];
const US_PER_S = 1_000_000;
/** Macroblocks a picture and a second that a level allows (H.264, Table A-1), and its number. */
const LEVELS = [
  [3_600, 108_000, 31],
  [8_192, 245_760, 40],
  [8_704, 522_240, 42],
  [36_864, 983_040, 51],
  [36_864, 2_073_600, 52],
];

export class H264Sender {
  #send;
  #fps;
  #encoder = null;
  #size = { width: 0, height: 0 };
  #wantsKey = true;

  codec = "h264";
  dropped = 0;

  /**
   * @param {{ fps: number, onConfig: (config: object) => void, onFail: (why: string) => void,
   *   onPicture: (picture: { payload: Uint8Array, isKey: boolean, capturedAtUs: number }) => void }} what
   */
  constructor({ fps, onConfig, onPicture, onFail }) {
    this.#fps = fps;
    this.#send = { onConfig, onPicture, onFail };
  }

  static async isPossible() {
    if (!("VideoEncoder" in window)) return false;
    const { supported } = await VideoEncoder.isConfigSupported(configFor({ width: 1280, height: 720 }, 30)).catch(() => ({}));
    return Boolean(supported);
  }

  wantKey() {
    this.#wantsKey = true;
  }

  /** The line is new: begin from the beginning. */
  restart() {
    this.#size = { width: 0, height: 0 };
  }

  /** @param {VideoFrame | HTMLVideoElement} frame @param {number} capturedAtUs */
  encode(frame, capturedAtUs) {
    const { x, y, ...whole } = areaOf(frame);
    const size = evenSize(whole);
    if (!size.width || !size.height) return;
    if (size.width !== this.#size.width || size.height !== this.#size.height) this.#configure(size);
    if (this.#encoder.encodeQueueSize > MOST_WAITING) {
      this.dropped += 1;
      return;
    }
    const cropped = new VideoFrame(frame, { timestamp: capturedAtUs, visibleRect: { x, y, ...size } });
    this.#encoder.encode(cropped, { keyFrame: this.#wantsKey });
    this.#wantsKey = false;
    cropped.close();
  }

  close() {
    if (this.#encoder && this.#encoder.state !== "closed") this.#encoder.close();
    this.#encoder = null;
  }

  #configure(size) {
    this.close();
    this.#size = size;
    this.#wantsKey = true;
    this.#encoder = new VideoEncoder({
      output: (chunk) => this.#pass(chunk),
      error: ({ message }) => this.#send.onFail(message),
    });
    this.#encoder.configure(configFor(size, this.#fps));
    this.#send.onConfig({ codec: "h264", ...size, fps: this.#fps });
  }

  #pass(chunk) {
    const payload = new Uint8Array(chunk.byteLength);
    chunk.copyTo(payload);
    this.#send.onPicture({ payload, isKey: chunk.type === "key", capturedAtUs: chunk.timestamp });
  }
}

/** H.264 halves the colours: its pictures have even sides. */
function evenSize({ width, height }) {
  return { width: width - (width % 2), height: height - (height % 2) };
}

function configFor(size, fps) {
  const bits = size.width * size.height * fps * BITS_PER_PIXEL;
  return {
    codec: `avc1.42e0${levelFor(size, fps).toString(16)}`,
    ...size,
    framerate: fps,
    bitrate: Math.round(Math.min(Math.max(bits, LEAST_BITS_S), MOST_BITS_S)),
    latencyMode: "realtime",
    avc: { format: "annexb" },
  };
}

function levelFor({ width, height }, fps) {
  const blocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  return (LEVELS.find(([most, aSecond]) => blocks <= most && blocks * fps <= aSecond) ?? LEVELS.at(-1))[2];
}

/** Now, as the wire has it. */
export function nowUs() {
  return Math.round((performance.timeOrigin + performance.now()) * (US_PER_S / 1000));
}
