// Grey levels to pixels: contrast by quantile, colours by table.

import { tableOf } from "./colours.js";

/**
 * The level below which this part of the levels lies. Of masks only what is above zero counts:
 * most of a mask is empty.
 * @param {Uint8Array} levels
 * @param {number} part 0 to 1
 * @param {boolean} ofLit
 * @returns {number} 0 to 255
 */
export function quantile(levels, part, ofLit) {
  const counts = new Uint32Array(256);
  for (let index = 0; index < levels.length; index += 1) counts[levels[index]] += 1;
  if (ofLit) counts[0] = 0;
  const total = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (let level = 0; level < 256; level += 1) {
    seen += counts[level];
    if (seen > 0 && seen >= part * total) return level;
  }
  return 255;
}

/**
 * Pixels of levels; `black` and below get the table's first colour, `white` and above its last.
 * @param {import("./bundle.js").Grey} grey
 * @param {import("./colours.js").Colours} colours
 * @param {number} black
 * @param {number} white
 * @returns {ImageData}
 */
export function pixels(grey, colours, black, white) {
  const table = tableOf(colours);
  // One number a pixel is four times as fast as four bytes; its order is that of the machine.
  const words = new Uint32Array(256);
  const bytes = new Uint8Array(words.buffer);
  const range = Math.max(white - black, 1);
  for (let level = 0; level < 256; level += 1) {
    const shown = Math.round(255 * Math.min(Math.max((level - black) / range, 0), 1));
    bytes.set([table[3 * shown], table[3 * shown + 1], table[3 * shown + 2], 255], 4 * level);
  }
  const image = new ImageData(grey.columns, grey.rows);
  const out = new Uint32Array(image.data.buffer);
  const { levels } = grey;
  for (let index = 0; index < levels.length; index += 1) out[index] = words[levels[index]];
  return image;
}

/**
 * Where a level is crossed, in pixels whose centres are at halves: pairs of points, each a piece of
 * line. Marching squares; beyond the border all is zero.
 * @param {import("./bundle.js").Grey} grey
 * @param {number} level above 0
 * @returns {number[]} x, y, x, y of each piece
 */
export function outline({ levels, rows, columns }, level) {
  /** @type {number[]} */
  const pieces = [];
  /** @param {number} y @param {number} x */
  const at = (y, x) => (y < 0 || x < 0 || y >= rows || x >= columns ? 0 : levels[y * columns + x]);
  for (let y = -1; y < rows; y += 1) {
    for (let x = -1; x < columns; x += 1) {
      const corners = [at(y, x), at(y, x + 1), at(y + 1, x + 1), at(y + 1, x)];
      /** @type {number[]} */
      const crossed = [];
      for (let side = 0; side < 4; side += 1) {
        const here = corners[side];
        const next = corners[(side + 1) % 4];
        if (here >= level === next >= level) continue;
        const part = (level - here) / (next - here);
        const along = [part, 1, 1 - part, 0][side];
        const down = [0, part, 1, 1 - part][side];
        crossed.push(x + 0.5 + along, y + 0.5 + down);
      }
      // Two opposite corners cross four sides: two pieces, each round one corner.
      if (crossed.length === 8 && corners[0] >= level) crossed.push(...crossed.splice(0, 2));
      pieces.push(...crossed);
    }
  }
  return pieces;
}
