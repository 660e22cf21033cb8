// What of a trace is in sight: zoom and pan, and points fine enough for it.

import { get } from "../api.js";
import { within } from "./settings.js";
import { firstFrom, wholeOf } from "../plot.js";

/** @typedef {import("../plot.js").Range} Range */
/** @typedef {import("../plot.js").Points} Points */
/** @typedef {import("./bundle.js").Trace} Trace */

const FEWEST_FRAMES = 20;
const POINTS = 2000;
const WAIT_MS = 120;

/**
 * A range made longer or shorter about a frame that stays where it is, within the trace.
 * @param {Range} range @param {number} factor @param {number} about @param {number} length
 * @returns {Range}
 */
export function zoomed({ first, last }, factor, about, length) {
  const span = within((last - first) * factor, Math.min(FEWEST_FRAMES, length - 1), length - 1);
  return moved({ first: about - ((about - first) / (last - first)) * span, last: 0 }, 0, length, span);
}

/** A range moved by some frames, within the trace. @param {Range} range @param {number} by @param {number} length @param {number} [span] @returns {Range} */
export function moved({ first, last }, by, length, span = last - first) {
  const start = within(first + by, 0, Math.max(length - 1 - span, 0));
  return { first: start, last: start + span };
}

/** Whether the points kept of the whole trace leave frames in sight out. @param {Trace} trace @param {Range} range */
export function tooCoarse(trace, { first, last }) {
  if (trace.frames.length >= trace.length) return false;
  const kept = firstFrom(trace.frames, last + 1) - firstFrom(trace.frames, first);
  return kept < Math.min(last - first, POINTS);
}

/** Finer points of one component's trace, fetched once it is zoomed into. */
export class FinePoints {
  /** @param {() => void} arrived */
  constructor(arrived) {
    this.arrived = arrived;
    this.timer = 0;
    this.component = 0;
    /** @type {(Points & Range) | null} */
    this.points = null;
  }

  /** Points of what is in sight, or null where the coarse ones do (for now). @param {number} component @param {Trace} trace @param {Range} range */
  of(component, trace, range) {
    if (component !== this.component) {
      this.component = component;
      this.points = null;
    }
    clearTimeout(this.timer);
    if (!tooCoarse(trace, range)) return null;
    const { points } = this;
    // Points that were fetched for a much longer range are too coarse in their turn.
    const covers = points && points.first <= range.first && points.last >= range.last;
    const fine = points && (points.frames.length >= points.last - points.first || points.last - points.first < 4 * (range.last - range.first));
    if (!covers || !fine) this.timer = setTimeout(() => this.#fetch(component, trace, range), WAIT_MS);
    return covers ? points : null;
  }

  /** @param {number} component @param {Trace} trace @param {Range} range */
  async #fetch(component, trace, range) {
    // As much again on either side, so that panning finds points that are there.
    const span = range.last - range.first;
    const first = Math.max(Math.floor(range.first - span), 0);
    const last = Math.min(Math.ceil(range.last + span), trace.length - 1);
    try {
      const found = await get(`/api/v1/components/${component}/trace?points=${POINTS}&first=${first}&last=${last}`);
      if (component !== this.component) return;
      const frames = found.times.map((/** @type {number} */ time) => Math.round(time / trace.frame));
      this.points = { first, last, frames, values: found.values };
      this.arrived();
    } catch {
      // The coarse points stay on screen; the next move asks again.
    }
  }
}

/** @param {import("./bundle.js").View | null} view @returns {Range} */
export function allOf(view) {
  return view?.trace ? wholeOf(view.trace) : { first: 0, last: 1 };
}
