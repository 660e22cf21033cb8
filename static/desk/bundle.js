// One binary answer with what is drawn of many components: see `GET /components/views`.

import { fetchBytes } from "../api.js";

/** @typedef {{dtype: string, shape: number[], offset: number}} Described */
/** @typedef {Uint8Array | Uint16Array | Uint32Array | Float32Array} Values */
/** y, x, y, x ... in source pixels, whose centres are whole numbers; closed. @typedef {Float32Array} Line */
/** @typedef {{levels: Uint8Array, rows: number, columns: number}} Grey */
/** @typedef {Grey & {kind: string, top: number, left: number, pixel: number}} Picture */
/** A summary image of a whole field. @typedef {Grey & {kind: string, pixel: number}} Field */
/**
 * kinds: all summary images that there are, the best first; pictures: those that are here, in any order.
 * @typedef {{top: number, left: number, side: number, version: string, kinds: {kind: string, shape: [number, number], pixel: number}[],
 *   pictures: Picture[], own: Line[], others: Line[],
 *   field: [number, number] | null, map: Grey | null, place: [number, number]}} Surroundings
 */
/**
 * Times are in frames; `frame` is the length of one in `unit`.
 * @typedef {{length: number, frames: Uint32Array, values: Float32Array, transients: Uint32Array,
 *   snr: number | null, frame: number, unit: "s" | "frames"}} Trace
 */
/**
 * @typedef {{times: Float32Array, mean: Float32Array, spread: Float32Array, count: number,
 *   decay: number | null, unit: "s" | "frames"}} Average
 */
/**
 * @typedef {{id: number, recording: number, mask: Grey, surroundings: Surroundings, trace: Trace | null,
 *   average: Average | null, alike: {component: number, r: number} | null}} View
 */

const KINDS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array };

/** What is drawn of some components, by component. Raises what `get` raises. @param {string} url @returns {Promise<Map<number, View>>} */
export async function fetchViews(url) {
  return parse(await fetchBytes(url));
}

/** Their masks alone. Raises what `get` raises. @param {string} url @returns {Promise<Map<number, Grey>>} */
export async function fetchMasks(url) {
  const { header, grey } = opened(await fetchBytes(url));
  return new Map(header.components.map((/** @type {any} */ one) => [one.id, grey(one.mask.levels)]));
}

/** Their windows of summary images alone. Raises what `get` raises. @param {string} url @returns {Promise<Map<number, Picture[]>>} */
export async function fetchPictures(url) {
  const { header, grey } = opened(await fetchBytes(url));
  return new Map(header.components.map((/** @type {any} */ one) => [one.id, picturesOf(one.context, grey)]));
}

/** One summary image of a whole field. Raises what `get` raises. @param {string} url @returns {Promise<Field>} */
export async function fetchField(url) {
  const { header, grey } = opened(await fetchBytes(url));
  return { kind: header.kind, pixel: header.pixel_px, ...grey(header.levels) };
}

/** @param {ArrayBuffer} body */
function opened(body) {
  const length = new DataView(body).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length)));
  const start = 4 + length;
  /** @param {Described} one */
  const values = (one) => {
    const Kind = KINDS[/** @type {keyof KINDS} */ (one.dtype)];
    return new Kind(body, start + one.offset, one.shape.reduce((product, side) => product * side, 1));
  };
  /** @param {Described} one @returns {Grey} */
  const grey = (one) => ({ levels: /** @type {Uint8Array} */ (values(one)), rows: one.shape[0], columns: one.shape[1] });
  return { header, values, grey };
}

/**
 * The views in a bundle, by component.
 * @param {ArrayBuffer} body
 * @returns {Map<number, View>}
 */
export function parse(body) {
  const { header, values, grey } = opened(body);
  const recordings = new Map(header.recordings.map((/** @type {any} */ one) => [one.id, { ...one, map: one.map && grey(one.map) }]));
  const lines = linesOf(header.contours, /** @type {Float32Array} */ (values(header.contours.points)));
  return new Map(
    header.components.map((/** @type {any} */ one) => {
      const recording = recordings.get(one.recording);
      const unit = recording.frame_rate_hz ? "s" : "frames";
      return [
        one.id,
        {
          id: one.id,
          recording: one.recording,
          mask: grey(one.mask.levels),
          surroundings: surroundingsOf(one, recording, lines, grey),
          trace: one.trace && {
            length: one.trace.length,
            frames: summed(/** @type {Uint32Array} */ (values(one.trace.steps))),
            values: valuesOf(/** @type {Uint16Array} */ (values(one.trace.levels)), one.trace),
            transients: values(one.trace.transients),
            snr: one.trace.snr,
            frame: 1 / (recording.frame_rate_hz || 1),
            unit,
          },
          average: one.average && {
            times: values(one.average.times),
            mean: values(one.average.mean),
            spread: values(one.average.spread),
            count: one.average.count,
            decay: one.average.decay,
            unit,
          },
          alike: one.most_alike,
        },
      ];
    }),
  );
}

/** @param {Uint32Array} steps @returns {Uint32Array} */
function summed(steps) {
  let sum = 0;
  return steps.map((step) => (sum += step));
}

/** @param {Uint16Array} levels @param {{low: number, high: number}} range @returns {Float32Array} */
function valuesOf(levels, { low, high }) {
  return Float32Array.from(levels, (level) => low + (level / 65535) * (high - low));
}

/** @param {{components: number[], lines: number[][]}} contours @param {Float32Array} points @returns {Map<number, Line[]>} */
function linesOf(contours, points) {
  const found = new Map();
  let at = 0;
  contours.components.forEach((component, index) => {
    found.set(component, contours.lines[index].map((count) => {
      const line = points.subarray(2 * at, 2 * (at + count));
      at += count;
      return line;
    }));
  });
  return found;
}

/** @param {any} one @param {any} recording @param {Map<number, Line[]>} lines @param {(one: Described) => Grey} grey @returns {Surroundings} */
function surroundingsOf(one, recording, lines, grey) {
  const { context } = one;
  return {
    top: context.top_px,
    left: context.left_px,
    side: context.side_px,
    version: recording.version,
    kinds: recording.images.map((/** @type {any} */ { kind, shape, pixel_px: pixel }) => ({ kind, shape, pixel })),
    pictures: picturesOf(context, grey),
    own: lines.get(one.id) || [],
    others: context.neighbours.flatMap((/** @type {number} */ id) => lines.get(id) || []),
    field: recording.field_px,
    map: recording.map,
    place: one.centroid_px,
  };
}

/** @param {any} context @param {(one: Described) => Grey} grey @returns {Picture[]} */
function picturesOf(context, grey) {
  return context.images.map((/** @type {any} */ image) => ({
    kind: image.kind,
    top: image.top_px,
    left: image.left_px,
    pixel: image.pixel_px,
    ...grey(image.levels),
  }));
}
