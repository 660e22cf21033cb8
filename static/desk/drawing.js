// Drawings of one component: its mask, its surroundings, its place in the field. Each fills a
// canvas of any size, on screen or ahead of time.

import { outline, pixels, quantile } from "./levels.js";

/** @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Pen */
/** @typedef {import("./bundle.js").View} View */
/** @typedef {import("./settings.js").Look} Look */
/** @typedef {{width: number, height: number, ratio: number}} Size in device pixels; ratio: of them to a CSS pixel */
/** @typedef {Record<"text" | "quiet" | "line" | "grid" | "panel" | "trace" | "accent" | "alike" | "font", string>} Theme */

const BLACK_PART = 0.01;
const OUTSIDE = "#16191d";
// Neither looks like one of the four classes.
const OWN = "#ffffff";
const OTHERS = "rgb(120 195 165 / 0.8)";
const PLACE = "#ffd75e";

/** Drawn on at the picture's own size, then enlarged. */
const scratch = new OffscreenCanvas(1, 1);

/** @param {Pen} pen @param {Size} size @param {View} view @param {Look} look */
export function drawMask(pen, { width, ratio }, { mask }, look) {
  const white = quantile(mask.levels, look.contrast, true);
  enlarge(pen, pixels(mask, look.colours, 0, white), [0, 0, width, width], look.smooth);
  if (look.outline <= 0) return;
  const scale = width / mask.columns;
  const path = new Path2D();
  const pieces = outline(mask, 255 * look.outline);
  for (let index = 0; index < pieces.length; index += 4) {
    path.moveTo(pieces[index] * scale, pieces[index + 1] * scale);
    path.lineTo(pieces[index + 2] * scale, pieces[index + 3] * scale);
  }
  // White on black shows on every colormap.
  stroke(pen, path, "rgb(0 0 0 / 0.7)", 3.5 * ratio);
  stroke(pen, path, OWN, 1.5 * ratio);
}

/** @param {Pen} pen @param {Size} size @param {View} view @param {Look} look */
export function drawSurroundings(pen, { width, ratio }, { surroundings }, look) {
  pen.fillStyle = OUTSIDE;
  pen.fillRect(0, 0, width, width);
  const { top, left, side, pictures } = surroundings;
  const scale = (width / side) * look.zoom;
  // Zoomed in, the component stays in the middle.
  const margin = (width - width * look.zoom) / 2;
  const wanted = kindOf(surroundings, look);
  // Until it has come, whatever is here.
  const picture = pictures.find((one) => one.kind === wanted) || pictures[0];
  if (picture && picture.levels.length) {
    const black = quantile(picture.levels, BLACK_PART, false);
    const white = quantile(picture.levels, look.contrast, false);
    const step = scale * picture.pixel;
    const place = [margin + (picture.left - left) * scale, margin + (picture.top - top) * scale];
    const box = [...place, picture.columns * step, picture.rows * step];
    enlarge(pen, pixels(picture, "grey", black, white), box, look.smooth || step < 4);
  }
  if (!look.contours) return;
  // Pixel centres are whole numbers in lines and halves on the canvas.
  const across = margin + (0.5 - left) * scale;
  const down = margin + (0.5 - top) * scale;
  pen.save();
  pen.setTransform(scale, 0, 0, scale, across, down);
  stroke(pen, pathOf(surroundings.others), OTHERS, (1.1 * ratio) / scale);
  stroke(pen, pathOf(surroundings.own), OWN, (1.8 * ratio) / scale);
  pen.restore();
}

/** Which summary image is looked at: the chosen kind, or the best where there is none of it. @param {import("./bundle.js").Surroundings} surroundings @param {Look} look @returns {string | undefined} */
export function kindOf({ kinds }, look) {
  return (kinds.find((one) => one.kind === look.picture) || kinds[0])?.kind;
}

/** @param {Pen} pen @param {Size} size @param {View} view @param {Look} look @param {Theme} theme */
export function drawMap(pen, { width, height, ratio }, { surroundings }, look, theme) {
  pen.fillStyle = theme.panel;
  pen.fillRect(0, 0, width, height);
  const { field, map } = surroundings;
  const shape = field || (map ? [map.rows, map.columns] : null);
  if (!shape) return;
  const scale = Math.min(width / shape[1], height / shape[0]);
  const box = [(width - shape[1] * scale) / 2, (height - shape[0] * scale) / 2, shape[1] * scale, shape[0] * scale];
  pen.fillStyle = OUTSIDE;
  pen.fillRect(box[0], box[1], box[2], box[3]);
  if (map) {
    pen.globalAlpha = 0.75;
    enlarge(pen, pixels(map, "grey", 0, quantile(map.levels, look.contrast, false)), box, true);
    pen.globalAlpha = 1;
  }
  const shown = surroundings.side / look.zoom;
  const y = surroundings.top + (surroundings.side - shown) / 2;
  const x = surroundings.left + (surroundings.side - shown) / 2;
  pen.save();
  pen.beginPath();
  pen.rect(box[0], box[1], box[2], box[3]);
  pen.clip();
  pen.strokeStyle = PLACE;
  pen.lineWidth = 1.2 * ratio;
  pen.strokeRect(box[0] + x * scale, box[1] + y * scale, shown * scale, shown * scale);
  pen.fillStyle = PLACE;
  pen.beginPath();
  const [row, column] = surroundings.place;
  pen.arc(box[0] + (column + 0.5) * scale, box[1] + (row + 0.5) * scale, 2 * ratio, 0, 2 * Math.PI);
  pen.fill();
  pen.restore();
}

/** @param {Pen} pen @param {ImageData} image @param {number[]} box left, top, width, height @param {boolean} smooth */
function enlarge(pen, image, [left, top, width, height], smooth) {
  // Of exactly this size: smoothing would mix in what lies beside the picture.
  if (scratch.width !== image.width || scratch.height !== image.height) {
    scratch.width = image.width;
    scratch.height = image.height;
  }
  const own = /** @type {OffscreenCanvasRenderingContext2D} */ (scratch.getContext("2d", { willReadFrequently: true }));
  own.putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = smooth;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(scratch, left, top, width, height);
}

/** @param {Pen} pen @param {Path2D} path @param {string} colour @param {number} width */
function stroke(pen, path, colour, width) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.stroke(path);
}

/** @param {import("./bundle.js").Line[]} lines */
function pathOf(lines) {
  const path = new Path2D();
  for (const line of lines) {
    path.moveTo(line[1], line[0]);
    for (let index = 2; index < line.length; index += 2) path.lineTo(line[index + 1], line[index]);
    path.closePath();
  }
  return path;
}
