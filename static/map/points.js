// The components as the server sends them: one binary answer, looked at in place.

import { fetchBytes } from "../api.js";

/**
 * @typedef {object} Points
 * @property {number} count
 * @property {Int32Array} components keys, rising
 * @property {Float32Array} places x, y by turns, within -1 to 1
 * @property {Uint8Array} labels 1 to 4, 0 for none
 * @property {Uint8Array} predicted
 * @property {Float32Array} entropy nats, NaN for none
 * @property {Int32Array} recordings
 */

/** @param {string} path @returns {Promise<Points>} */
export async function load(path) {
  return unpack(await fetchBytes(path));
}

/** @param {ArrayBuffer} body @returns {Points} */
export function unpack(body) {
  const length = new DataView(body).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length)));
  const start = 4 + length;
  /** @param {string} name @returns {[number, number]} */
  const at = (name) => {
    const { offset, shape } = header[name];
    return [start + offset, shape.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1)];
  };
  const components = new Int32Array(body, ...at("components"));
  return {
    count: components.length,
    components,
    places: new Float32Array(body, ...at("places")),
    labels: new Uint8Array(body, ...at("labels")),
    predicted: new Uint8Array(body, ...at("predicted")),
    entropy: Float32Array.from(new Uint16Array(body, ...at("entropy")), half),
    recordings: new Int32Array(body, ...at("recordings")),
  };
}

/** The value of a half-precision number's bits. @param {number} bits */
export function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The row of a component, or -1. @param {Points} points @param {number} key */
export function rowOf(points, key) {
  let low = 0;
  let high = points.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points.components[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low < points.count && points.components[low] === key ? low : -1;
}
