// Drawing without WebGL: squares on a plain canvas, for so many as that can bear.

import { pointSize } from "./draw.js";

/** @typedef {import("./draw.js").Painter} Painter */

export const MOST = 20_000;

/** @param {HTMLCanvasElement} canvas @param {Float32Array} places @returns {Painter} */
export function flat(canvas, places) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("This browser can draw neither by WebGL nor on a plain canvas.");
  /** @type {{codes: Uint8Array, colours: string[], rows: Uint32Array} | null} */
  let what = null;
  /** @type {Uint8Array | null} */
  let faint = null;
  return {
    most: MOST,
    set(codes, palette, rows) {
      const colours = [];
      for (let n = 0; n < palette.length; n += 4) {
        colours.push(`rgba(${palette[n]}, ${palette[n + 1]}, ${palette[n + 2]}, ${palette[n + 3] / 255})`);
      }
      what = { codes, colours, rows: rows.subarray(0, MOST) };
    },
    dim(flags, any) {
      faint = any ? flags : null;
    },
    draw(shown) {
      if (!what) return;
      pen.clearRect(0, 0, canvas.width, canvas.height);
      const size = pointSize(what.rows.length, shown) * shown.ratio * 0.8;
      const scale = shown.scale * shown.ratio;
      for (const row of what.rows) {
        const left = (places[2 * row] - shown.middle[0]) * scale + canvas.width / 2;
        const top = (shown.middle[1] - places[2 * row + 1]) * scale + canvas.height / 2;
        if (left < -size || top < -size || left > canvas.width + size || top > canvas.height + size) continue;
        pen.globalAlpha = faint && faint[row] ? 0.13 : 1;
        pen.fillStyle = what.colours[what.codes[row]];
        pen.fillRect(left - size / 2, top - size / 2, size, size);
      }
    },
  };
}
