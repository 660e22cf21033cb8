// What a point's colour says: by label, prediction, entropy or recording.

import { tableOf } from "../desk/colours.js";

/** @typedef {import("./points.js").Points} Points */
/** @typedef {{code: number, name: string, count: number, shape: number | null}} Entry */
/** @typedef {{codes: Uint8Array, palette: Uint8Array, entries: Entry[], ramp: boolean, shaped: boolean}} Colouring */
/** @typedef {"label" | "predicted" | "entropy" | "recording"} By */

export const MOST_ENTROPY = Math.log(4);
const CLASSES = ["unlabeled", "neuron", "process", "noise", "doubtful"];
const HUES = 7;

/**
 * @param {By} by @param {Points} points @param {Map<number, string>} recordings
 * @param {(token: string) => string} token a colour of the theme, as #rrggbb
 * @param {boolean} light
 * @returns {Colouring}
 */
export function colouring(by, points, recordings, token, light) {
  if (by === "entropy") return byEntropy(points, token, light);
  if (by === "recording") return byRecording(points, recordings, token);
  const codes = by === "label" ? points.labels : points.predicted;
  const palette = new Uint8Array(4 * 256);
  put(palette, 0, token("--line-strong"), 150);
  for (let code = 1; code <= 4; code++) put(palette, code, token(`--${CLASSES[code]}`), 225);
  const counts = countOf(codes, 5);
  const entries = [1, 2, 3, 4, 0].map((code) => ({
    code,
    name: code ? CLASSES[code] : by === "label" ? "unlabeled" : "not predicted",
    count: counts[code],
    shape: code,
  }));
  return { codes, palette, entries: entries.filter((one) => one.code || one.count), ramp: false, shaped: true };
}

/** @param {Points} points @param {(token: string) => string} token @param {boolean} light @returns {Colouring} */
function byEntropy(points, token, light) {
  const codes = Uint8Array.from(points.entropy, (value) =>
    Number.isNaN(value) ? 0 : 1 + Math.round(254 * Math.min(Math.max(value / MOST_ENTROPY, 0), 1)),
  );
  const palette = new Uint8Array(4 * 256);
  put(palette, 0, token("--line-strong"), 120);
  // The confusing ones stand out from the ground, be it dark or light.
  const table = tableOf("viridis");
  for (let code = 1; code < 256; code++) {
    const level = Math.round((255 * (code - 1)) / 254);
    const at = 3 * (light ? 255 - level : level);
    palette.set([...table.subarray(at, at + 3), 235], 4 * code);
  }
  return { codes, palette, entries: [], ramp: true, shaped: false };
}

/**
 * The largest recordings have a colour each, the others share one.
 * @param {Points} points @param {Map<number, string>} recordings @param {(token: string) => string} token
 * @returns {Colouring}
 */
function byRecording(points, recordings, token) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const one of points.recordings) counts.set(one, (counts.get(one) || 0) + 1);
  const largest = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, HUES);
  const codeOf = new Map(largest.map(([recording], place) => [recording, place + 1]));
  const codes = Uint8Array.from(points.recordings, (one) => codeOf.get(one) || 0);
  const palette = new Uint8Array(4 * 256);
  put(palette, 0, token("--line-strong"), 150);
  for (let code = 1; code <= HUES; code++) put(palette, code, token(`--hue-${code}`), 225);
  /** @type {Entry[]} */
  const entries = largest.map(([recording, count], place) => ({
    code: place + 1,
    name: recordings.get(recording) || `recording ${recording}`,
    count,
    shape: null,
  }));
  const rest = counts.size - largest.length;
  if (rest) entries.push({ code: 0, name: `${rest} others`, count: countOf(codes, 1)[0], shape: null });
  return { codes, palette, entries, ramp: false, shaped: false };
}

/** @param {Uint8Array} codes @param {number} most */
function countOf(codes, most) {
  const counts = new Uint32Array(most);
  for (const code of codes) if (code < most) counts[code]++;
  return counts;
}

/** @param {Uint8Array} palette @param {number} code @param {string} colour @param {number} alpha */
function put(palette, code, colour, alpha) {
  palette.set([...rgb(colour), alpha], 4 * code);
}

/** Red, green and blue, to 255 each. @param {string} colour as #rrggbb */
export function rgb(colour) {
  const hex = colour.trim().slice(1);
  return [0, 2, 4].map((start) => parseInt(hex.slice(start, start + 2), 16));
}

/**
 * The rows to draw, in their order: those without a colour of their own beneath, the others mixed,
 * so that no class always lies on top of another.
 * @param {Uint8Array} codes @param {(row: number) => boolean} wanted
 */
export function drawingOrder(codes, wanted) {
  const rows = new Uint32Array(codes.length);
  let count = 0;
  // A step that shares no divisor with the length visits every row once, as if at random.
  let step = Math.floor(codes.length * 0.618) || 1;
  while (divisor(step, codes.length) > 1) step++;
  for (const beneath of [true, false]) {
    for (let n = 0, row = 0; n < codes.length; n++, row = (row + step) % codes.length) {
      if ((codes[row] === 0) === beneath && wanted(row)) rows[count++] = row;
    }
  }
  return rows.subarray(0, count);
}

/** @param {number} a @param {number} b @returns {number} */
function divisor(a, b) {
  return b ? divisor(b, a % b) : a;
}
