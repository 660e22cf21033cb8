// Traces and average transients drawn on a canvas of any size, on screen or ahead of time.

/** @typedef {import("./desk/drawing.js").Pen} Pen */
/** @typedef {import("./desk/drawing.js").Size} Size */
/** @typedef {import("./desk/drawing.js").Theme} Theme */
/** @typedef {import("./desk/bundle.js").Trace} Trace */
/** @typedef {import("./desk/bundle.js").Average} Average */
/** Frames and their values, in order. @typedef {{frames: ArrayLike<number>, values: ArrayLike<number>}} Points */
/** What is in sight, in frames. @typedef {{first: number, last: number}} Range */
/** Where the axes leave room, in device pixels. @typedef {{left: number, top: number, right: number, bottom: number}} Box */

const MARGINS = { left: 46, top: 14, right: 10, bottom: 20 };
const TICK_EVERY = 90;

/** @param {Trace} trace @returns {Range} */
export function wholeOf(trace) {
  return { first: 0, last: Math.max(trace.length - 1, 1) };
}

/**
 * The round numbers in a stretch, at most about `most` of them.
 * @param {number} from @param {number} to @param {number} most
 * @returns {number[]}
 */
export function ticksOf(from, to, most) {
  const rough = (to - from) / Math.max(most, 1);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((one) => one * power >= rough) || 10);
  const ticks = [];
  for (let count = Math.ceil(from / step - 1e-9); count * step <= to + step * 1e-9; count += 1) ticks.push(count * step);
  return ticks;
}

/** A tick's words: as many decimals as the ticks' distance needs. @param {number} tick @param {number} step */
export function wordsOfTick(tick, step) {
  const decimals = Math.max(0, Math.ceil(-Math.log10(Math.abs(step) || 1) - 1e-9));
  return tick.toFixed(Math.min(decimals, 6));
}

/** The index of the first frame that is not before this one. @param {ArrayLike<number>} frames @param {number} frame */
export function firstFrom(frames, frame) {
  let low = 0;
  let high = frames.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (frames[middle] < frame) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {ArrayLike<number>} values @returns {[number, number]} */
function extentOf(values) {
  let low = Infinity;
  let high = -Infinity;
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] < low) low = values[index];
    if (values[index] > high) high = values[index];
  }
  if (low === Infinity) return [0, 1];
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}

/**
 * The part of a trace that is in sight, its transients marked above it.
 * @param {Pen} pen @param {Size} size @param {Trace} trace @param {Range} range @param {Theme} theme
 * @param {{fine?: Points | null, alike?: Points | null}} [more] finer points of what is in sight; the trace
 *   of a neighbour, stretched to the same height
 */
export function drawTrace(pen, size, trace, range, theme, more = {}) {
  const box = boxOf(size);
  const [low, high] = extentOf(trace.values);
  /** @param {number} frame */
  const x = (frame) => box.left + ((frame - range.first) / (range.last - range.first)) * (box.right - box.left);
  const y = heightsOf(box, low, high);
  drawAxes(pen, size, box, { from: range.first * trace.frame, to: range.last * trace.frame, low, high, unit: trace.unit }, theme);
  pen.save();
  pen.beginPath();
  pen.rect(box.left, 0, box.right - box.left, box.bottom);
  pen.clip();
  if (more.alike) {
    const [least, most] = extentOf(more.alike.values);
    drawLine(pen, more.alike, range, x, heightsOf(box, least, most), theme.alike, size.ratio);
  }
  drawLine(pen, more.fine || trace, range, x, y, theme.trace, size.ratio);
  pen.fillStyle = theme.accent;
  pen.beginPath();
  for (const frame of trace.transients) {
    if (frame < range.first || frame > range.last) continue;
    const at = x(frame);
    pen.moveTo(at, box.top - 4 * size.ratio);
    pen.lineTo(at - 4 * size.ratio, box.top - 11 * size.ratio);
    pen.lineTo(at + 4 * size.ratio, box.top - 11 * size.ratio);
  }
  pen.fill();
  pen.restore();
}

/** @param {Pen} pen @param {Size} size @param {Average} average @param {Theme} theme */
export function drawAverage(pen, size, average, theme) {
  const { times, mean, spread, decay } = average;
  const box = boxOf(size);
  const low = Math.min(...mean.map((value, index) => value - spread[index]));
  const high = Math.max(...mean.map((value, index) => value + spread[index]));
  const from = times[0];
  const to = times[times.length - 1];
  /** @param {number} time */
  const x = (time) => box.left + ((time - from) / (to - from)) * (box.right - box.left);
  const y = heightsOf(box, low, high > low ? high : low + 1);
  drawAxes(pen, size, box, { from, to, low, high, unit: average.unit }, theme);
  pen.fillStyle = theme.accent;
  pen.globalAlpha = 0.22;
  pen.beginPath();
  for (let index = 0; index < times.length; index += 1) pen.lineTo(x(times[index]), y(mean[index] + spread[index]));
  for (let index = times.length - 1; index >= 0; index -= 1) pen.lineTo(x(times[index]), y(mean[index] - spread[index]));
  pen.fill();
  pen.globalAlpha = 1;
  drawLine(pen, { frames: times, values: mean }, { first: from, last: to }, x, y, theme.trace, 1.4 * size.ratio);
  if (decay === null) return;
  pen.setLineDash([3 * size.ratio, 3 * size.ratio]);
  pen.strokeStyle = theme.quiet;
  pen.beginPath();
  pen.moveTo(x(decay), box.top);
  pen.lineTo(x(decay), box.bottom);
  pen.stroke();
  pen.setLineDash([]);
}

/** Where x begins and ends, in device pixels. @param {Size} size @returns {Box} */
export function boxOf({ width, height, ratio }) {
  return {
    left: MARGINS.left * ratio,
    top: MARGINS.top * ratio,
    right: width - MARGINS.right * ratio,
    bottom: height - MARGINS.bottom * ratio,
  };
}

/** @param {Box} box @param {number} low @param {number} high @returns {(value: number) => number} */
function heightsOf(box, low, high) {
  return (value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top - 2) - 1;
}

/**
 * @param {Pen} pen @param {Points} points @param {Range} range @param {(frame: number) => number} x
 * @param {(value: number) => number} y @param {string} colour @param {number} width
 */
function drawLine(pen, { frames, values }, range, x, y, colour, width) {
  // One more on either side, so that the line goes on beyond the border.
  const start = Math.max(firstFrom(frames, range.first) - 1, 0);
  const stop = Math.min(firstFrom(frames, range.last) + 2, frames.length);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.lineJoin = "bevel";
  pen.beginPath();
  for (let index = start; index < stop; index += 1) pen.lineTo(x(frames[index]), y(values[index]));
  pen.stroke();
}

/**
 * @param {Pen} pen @param {Size} size @param {Box} box
 * @param {{from: number, to: number, low: number, high: number, unit: string}} axes @param {Theme} theme
 */
function drawAxes(pen, { width, height, ratio }, box, { from, to, low, high, unit }, theme) {
  pen.fillStyle = theme.panel;
  pen.fillRect(0, 0, width, height);
  pen.strokeStyle = theme.grid;
  pen.fillStyle = theme.quiet;
  pen.lineWidth = ratio;
  pen.font = `${11 * ratio}px ${theme.font}`;
  pen.textBaseline = "middle";
  const across = ticksOf(from, to, (box.right - box.left) / (TICK_EVERY * ratio));
  const up = ticksOf(low, high, (box.bottom - box.top) / (34 * ratio));
  pen.beginPath();
  pen.textAlign = "center";
  across.forEach((tick, index) => {
    const x = box.left + ((tick - from) / (to - from)) * (box.right - box.left);
    pen.moveTo(x, box.top);
    pen.lineTo(x, box.bottom);
    const words = wordsOfTick(tick, across[1] - across[0]);
    if (x < box.right - 8 * ratio) pen.fillText(index === across.length - 1 ? `${words} ${unit}` : words, x, height - 9 * ratio);
  });
  pen.textAlign = "right";
  const y = heightsOf(box, low, high);
  for (const tick of up) {
    pen.moveTo(box.left, y(tick));
    pen.lineTo(box.right, y(tick));
    pen.fillText(wordsOfTick(tick, up[1] - up[0]), box.left - 6 * ratio, y(tick));
  }
  pen.stroke();
}
