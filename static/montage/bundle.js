// The binary answer of `GET /components/views`: a header, and the arrays that it speaks of.

import { Refused, Unreachable } from "../api.js";

/** @typedef {{dtype: "uint8" | "uint32" | "float32", shape: number[], offset: number}} Described */
/** @typedef {{header: any, values: (one: Described) => Uint8Array | Uint32Array | Float32Array}} Bundle */

const KINDS = { uint8: Uint8Array, uint32: Uint32Array, float32: Float32Array };

/** @param {string} url @returns {Promise<Bundle>} */
export async function fetchBundle(url) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin" });
    if (response.ok) return unpack(await response.arrayBuffer());
  } catch (error) {
    throw new Unreachable(String(error));
  }
  throw new Refused(response.status, `The pictures did not come: ${response.statusText}.`);
}

/** @param {ArrayBuffer} body @returns {Bundle} */
export function unpack(body) {
  const length = new DataView(body).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length)));
  return {
    header,
    values: ({ dtype, shape, offset }) => new KINDS[dtype](body, 4 + length + offset, shape.reduce((product, side) => product * side, 1)),
  };
}

/**
 * Draw grey levels into a canvas of their size.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} levels
 * @param {number[]} shape rows, columns
 */
export function paint(canvas, levels, [rows, columns]) {
  canvas.width = columns;
  canvas.height = rows;
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let index = 0; index < levels.length; index += 1) pixels[index] = 0xff000000 | (levels[index] * 0x010101);
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).putImageData(image, 0, 0);
}
