/** The screen wire format: binary messages between publishers, the server and viewers. */

export const KIND = { config: 1, h264: 2, tiles: 3, jpeg: 4 };

const HEAD_BYTES = 16;
const TILE_HEAD_BYTES = 12;
const KEY_FRAME = 1;
const HIGH = 2 ** 32;

/**
 * @typedef {object} Message
 * @property {number} kind one of KIND
 * @property {boolean} isKey can be shown without any before it
 * @property {number} sequence
 * @property {number} capturedAtUs microseconds since 1970
 * @property {Uint8Array} payload a view of the buffer, nothing is copied
 *
 * @typedef {object} Tile
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 * @property {Uint8Array} jpeg
 */

/** @param {ArrayBuffer} buffer @returns {Message} */
export function unpack(buffer) {
  const head = new DataView(buffer);
  return {
    kind: head.getUint8(0),
    isKey: Boolean(head.getUint8(1) & KEY_FRAME),
    sequence: head.getUint32(4),
    capturedAtUs: head.getUint32(8) * HIGH + head.getUint32(12),
    payload: new Uint8Array(buffer, HEAD_BYTES),
  };
}

/** @param {Message} message */
export function configOf({ payload }) {
  return JSON.parse(new TextDecoder().decode(payload));
}

/** @param {Message} message @returns {Tile[]} in the order in which they are painted */
export function tilesOf({ payload }) {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const tiles = [];
  let at = 2;
  for (let left = view.getUint16(0); left > 0; left -= 1) {
    const [x, y, width, height] = [0, 2, 4, 6].map((offset) => view.getUint16(at + offset));
    const start = at + TILE_HEAD_BYTES;
    at = start + view.getUint32(at + 8);
    tiles.push({ x, y, width, height, jpeg: payload.subarray(start, at) });
  }
  return tiles;
}

/**
 * A message of one's own.
 *
 * @param {number} kind one of KIND
 * @param {Uint8Array} payload
 * @param {{ isKey?: boolean, sequence?: number, capturedAtUs?: number }} [head]
 */
export function pack(kind, payload, { isKey = false, sequence = 0, capturedAtUs = 0 } = {}) {
  const message = new Uint8Array(HEAD_BYTES + payload.byteLength);
  const head = new DataView(message.buffer);
  head.setUint8(0, kind);
  head.setUint8(1, isKey ? KEY_FRAME : 0);
  head.setUint32(4, sequence % HIGH);
  head.setUint32(8, Math.floor(capturedAtUs / HIGH));
  head.setUint32(12, capturedAtUs % HIGH);
  message.set(payload, HEAD_BYTES);
  return message;
}

/** @param {object} config */
export function packConfig(config) {
  return pack(KIND.config, new TextEncoder().encode(JSON.stringify(config)));
}
