// Drawing on the processor, where no graphics card helps: each point's shape is stamped into the
// picture's pixels. WebGL without a card takes five times as long for so many small points.

import { pointSize } from "./draw.js";

/** @typedef {import("./draw.js").Painter} Painter */
/** @typedef {{codes: Uint8Array, palette: Uint8Array, rows: Uint32Array, shaped: boolean}} Looks */
/** @typedef {{colour: number, offsets: Int32Array, parts: Int32Array}} Inked a stamp in a picture so wide, in its colour */
/** @typedef {{xs: Int32Array, ys: Int32Array, cover: Float32Array}} Stamp pixels from the middle, and how much of each is covered */

const FAINT = 0.16;
const MARGIN = 16;
const LEAST_SHAPE_PX = 6;
const ROUND = 9;

/**
 * How far a place is from the edge of a shape that reaches from -1 to 1; negative within.
 * @type {Record<number, (x: number, y: number) => number>}
 */
const EDGES = {
  0: (x, y) => Math.hypot(x, y) - 0.45,
  1: (x, y) => Math.abs(Math.hypot(x, y) - 0.62) - 0.28,
  2: (x, y) => Math.max(Math.abs(x + y) - 0.4, Math.hypot(x, y) - 1),
  3: (x, y) => Math.hypot(x, y) - 0.5,
  4: (x, y) => Math.abs(x) + Math.abs(y) - 0.95,
  [ROUND]: (x, y) => Math.hypot(x, y) - 0.92,
};

/** The pixels of a shape so large, in the picture's own. @param {number} shape @param {number} size @returns {Stamp} */
export function stampOf(shape, size) {
  const side = Math.max(Math.round(size), 1);
  const edge = EDGES[size < LEAST_SHAPE_PX ? ROUND : shape] || EDGES[ROUND];
  /** @type {[number, number, number][]} */
  const pixels = [];
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const [x, y] = [column, row].map((at) => (2 * at + 1) / side - 1);
      // Of two by two each pixel is a corner: a square is all that shows.
      const cover = side > 2 ? Math.min(Math.max(0.5 - edge(x, y) * side * 0.5, 0), 1) : 0.9;
      if (cover > 0.02) pixels.push([column - (side >> 1), row - (side >> 1), cover]);
    }
  }
  return {
    xs: Int32Array.from(pixels, (one) => one[0]),
    ys: Int32Array.from(pixels, (one) => one[1]),
    cover: Float32Array.from(pixels, (one) => one[2]),
  };
}

/**
 * Mix a colour into opaque pixels: red with blue, then green, since a word has room for that.
 * @param {Uint32Array} pixels @param {number} at @param {number} colour @param {number} part of 256
 */
export function blend(pixels, at, colour, part) {
  const below = pixels[at];
  const redBlue = ((below & 0xff00ff) * (256 - part) + (colour & 0xff00ff) * part) >>> 8;
  const green = ((below & 0x00ff00) * (256 - part) + (colour & 0x00ff00) * part) >>> 8;
  pixels[at] = 0xff000000 | (redBlue & 0xff00ff) | (green & 0x00ff00);
}

/** A colour as an opaque pixel's word. @param {ArrayLike<number>} rgb */
function wordOf(rgb) {
  return (0xff000000 | (rgb[2] << 16) | (rgb[1] << 8) | rgb[0]) >>> 0;
}

/**
 * @param {HTMLCanvasElement} canvas @param {Float32Array} places
 * @param {() => ArrayLike<number>} ground the colour beneath, red, green and blue
 * @returns {Painter}
 */
export function raster(canvas, places, ground) {
  const pen = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  if (!pen) throw new Error("This browser can draw neither by WebGL nor on a plain canvas.");
  let picture = new ImageData(1, 1);
  let beneath = 0;
  /** @type {Looks} */
  let looks = { codes: new Uint8Array(), palette: new Uint8Array(), rows: new Uint32Array(), shaped: false };
  /** @type {Uint8Array | null} */
  let faint = null;
  return {
    set(codes, palette, rows, shaped) {
      looks = { codes, palette, rows, shaped };
      beneath = wordOf(ground());
    },
    dim(flags, any) {
      faint = any ? flags : null;
    },
    draw(shown) {
      // What lies half beyond the edge is drawn whole, into a margin that is not shown.
      const [width, height] = [canvas.width + 2 * MARGIN, canvas.height + 2 * MARGIN];
      if (picture.width !== width || picture.height !== height) picture = new ImageData(width, height);
      const pixels = new Uint32Array(picture.data.buffer).fill(beneath);
      stampAll({ pixels, width, height }, places, looks, faint, shown);
      pen.putImageData(picture, -MARGIN, -MARGIN);
    },
  };
}

/**
 * @param {{pixels: Uint32Array, width: number, height: number}} into
 * @param {Float32Array} places @param {Looks} looks @param {Uint8Array | null} faint
 * @param {import("./draw.js").Shown} shown
 */
function stampAll({ pixels, width, height }, places, { codes, palette, rows, shaped }, faint, shown) {
  const size = pointSize(rows.length, shown) * shown.ratio;
  const half = Math.round(size) / 2 + 1;
  const scale = shown.scale * shown.ratio;
  const left = width / 2 - shown.middle[0] * scale;
  const top = height / 2 + shown.middle[1] * scale;
  /** @type {(Inked | undefined)[]} */
  const inks = [];
  for (let n = 0; n < rows.length; n++) {
    const row = rows[n];
    const x = Math.floor(left + places[2 * row] * scale);
    const y = Math.floor(top - places[2 * row + 1] * scale);
    if (x < half || y < half || x >= width - half || y >= height - half) continue;
    const look = 2 * codes[row] + (faint ? faint[row] : 0);
    const ink = inks[look] || (inks[look] = inked(palette, look, shaped, size, width));
    const middle = y * width + x;
    for (let k = 0; k < ink.offsets.length; k++) blend(pixels, middle + ink.offsets[k], ink.colour, ink.parts[k]);
  }
}

/**
 * A code's stamp in a picture so wide. look: twice the code, and one more where it is faint.
 * @param {Uint8Array} palette @param {number} look @param {boolean} shaped
 * @param {number} size @param {number} width
 * @returns {Inked}
 */
function inked(palette, look, shaped, size, width) {
  const code = look >> 1;
  const { xs, ys, cover } = stampOf(shaped ? code : ROUND, size);
  const alpha = (palette[4 * code + 3] / 255) * (look & 1 ? FAINT : 1);
  return {
    colour: wordOf(palette.subarray(4 * code)),
    offsets: xs.map((x, n) => ys[n] * width + x),
    parts: Int32Array.from(cover, (one) => Math.round(256 * alpha * one)),
  };
}
