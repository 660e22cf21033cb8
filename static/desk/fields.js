// Summary images of whole fields. A component's window comes with its view at first; once a
// recording's windows have cost as much as its whole images, these are fetched, once, and further
// windows are cut from them here.

import { wordsOf } from "../api.js";
import { message } from "../dom.js";
import { fetchField } from "./bundle.js";

/** @typedef {import("./bundle.js").View} View */
/** @typedef {import("./bundle.js").Field} Field */

/** Ninety fields of 1024 by 1024, or all three images of a mesoscope's. */
const MOST_BYTES = 96_000_000;

export class Fields {
  /** @param {string} kind what is looked at @param {() => void} arrived a picture that was missing is here */
  constructor(kind, arrived) {
    this.arrived = arrived;
    /** Kinds that were looked at: changing between these must not wait. */
    this.looked = new Set([kind]);
    /** Whole images, by recording and kind; null on their way. The first came first. @type {Map<string, Field | null>} */
    this.here = new Map();
    /** Which kinds of image a recording has. @type {Map<number, string[]>} */
    this.kinds = new Map();
    /** Pixels of windows that came, by recording. @type {Map<number, number>} */
    this.spent = new Map();
  }

  /** Another kind is looked at. @param {string} kind */
  look(kind) {
    this.looked.add(kind);
  }

  /** What to ask for with the views of components of these recordings. @param {number[]} recordings */
  wanted(recordings) {
    const whole = recordings.every((one) => this.#chosen(one)?.every((kind) => this.here.get(nameOf(one, kind))));
    return `&images=${whole ? "" : [...this.looked].map(encodeURIComponent).join(",")}`;
  }

  /** Views have come: fill in what is here whole, and fetch what has been paid for. @param {Iterable<View>} views */
  take(views) {
    for (const view of views) {
      const { kinds, pictures } = view.surroundings;
      this.kinds.set(view.recording, kinds.map((one) => one.kind));
      const pixels = pictures.reduce((sum, one) => sum + one.levels.length, 0);
      const spent = (this.spent.get(view.recording) || 0) + pixels;
      this.spent.set(view.recording, spent);
      const chosen = kinds.filter((one) => this.#chosen(view.recording)?.includes(one.kind));
      const cost = chosen.reduce((sum, one) => sum + one.shape[0] * one.shape[1], 0);
      if (spent >= cost) for (const { kind } of chosen) this.#fetch(view, kind);
      this.#fill(view);
    }
  }

  /** Have every kind that was looked at in this view, now or soon. @param {View} view */
  need(view) {
    this.#fill(view);
    const there = new Set(view.surroundings.pictures.map((one) => one.kind));
    for (const kind of this.#chosen(view.recording) || []) {
      if (!there.has(kind)) this.#fetch(view, kind);
    }
  }

  /** @param {number} recording */
  #chosen(recording) {
    const kinds = this.kinds.get(recording);
    const looked = kinds?.filter((kind) => this.looked.has(kind));
    return looked?.length ? looked : kinds?.slice(0, 1);
  }

  /** @param {View} view */
  #fill(view) {
    const { pictures, kinds } = view.surroundings;
    for (const { kind } of kinds) {
      const field = this.here.get(nameOf(view.recording, kind));
      if (field && !pictures.some((one) => one.kind === kind)) pictures.push(cut(field, view));
    }
  }

  /** @param {View} view one of the recording @param {string} kind */
  async #fetch({ recording, surroundings }, kind) {
    const name = nameOf(recording, kind);
    if (this.here.has(name)) return;
    this.here.set(name, null);
    try {
      const version = encodeURIComponent(surroundings.version);
      this.here.set(name, await fetchField(`/api/v1/recordings/${recording}/summary?kind=${encodeURIComponent(kind)}&v=${version}`));
    } catch (error) {
      this.here.delete(name);
      message(`The ${kind} image did not come: ${wordsOf(error)} The next component asks again.`);
      return;
    }
    this.#makeRoom();
    this.arrived();
  }

  #makeRoom() {
    let bytes = [...this.here.values()].reduce((sum, one) => sum + (one?.levels.length || 0), 0);
    for (const [name, field] of this.here) {
      if (bytes <= MOST_BYTES || this.here.size === 1) return;
      bytes -= field?.levels.length || 0;
      this.here.delete(name);
      // It has to be paid for anew.
      this.spent.delete(parseInt(name, 10));
    }
  }
}

/** @param {number} recording @param {string} kind */
function nameOf(recording, kind) {
  return `${recording} ${kind}`;
}

/**
 * What of a field lies in a view's window, to whole pixels of it; may be empty.
 * @param {Field} field @param {View} view @returns {import("./bundle.js").Picture}
 */
export function cut(field, { surroundings: { top, left, side } }) {
  const { pixel, rows, columns, levels, kind } = field;
  /** @param {number} start @param {number} length @returns {[number, number]} */
  const span = (start, length) => {
    const first = Math.max(Math.floor(start / pixel), 0);
    return [first, Math.max(Math.min(Math.ceil((start + side) / pixel), length), first)];
  };
  const [y, below] = span(top, rows);
  const [x, right] = span(left, columns);
  const part = new Uint8Array((below - y) * (right - x));
  for (let row = y; row < below; row += 1) {
    part.set(levels.subarray(row * columns + x, row * columns + right), (row - y) * (right - x));
  }
  return { kind, pixel, top: y * pixel, left: x * pixel, levels: part, rows: below - y, columns: right - x };
}
