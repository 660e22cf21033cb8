// Summary images of whole fields. A component's window comes with its view at first, and so does
// that of another image when it is looked at first; once a recording's windows have cost as much as
// the whole image, that is fetched, once, and further windows are cut from it here.

import { wordsOf } from "../api.js";
import { message } from "../dom.js";
import { fetchField, fetchPictures } from "./bundle.js";

/** @typedef {import("./bundle.js").View} View */
/** @typedef {import("./bundle.js").Field} Field */
/** @typedef {import("./bundle.js").Picture} Picture */

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
    /** Windows on their way, by component and kind. @type {Set<string>} */
    this.asked = new Set();
    /** Which kinds of image a recording has. @type {Map<number, string[]>} */
    this.kinds = new Map();
    /** Pixels of windows that came, by recording and kind. @type {Map<string, number>} */
    this.spent = new Map();
  }

  /** Another kind is looked at. @param {string} kind */
  look(kind) {
    this.looked.add(kind);
  }

  /** What to ask for with the views of components of these recordings. @param {number[]} recordings */
  wanted(recordings) {
    const kinds = recordings.flatMap((one) => this.#chosen(one)?.filter((kind) => !this.here.get(nameOf(one, kind))) ?? [...this.looked]);
    return `&images=${[...new Set(kinds)].map(encodeURIComponent).join(",")}`;
  }

  /** Views have come: fill in what is here whole, and fetch what has been paid for. @param {Iterable<View>} views */
  take(views) {
    for (const view of views) {
      const { kinds, pictures } = view.surroundings;
      this.kinds.set(view.recording, kinds.map((one) => one.kind));
      for (const picture of pictures) this.#pay(view, picture);
      this.#fill(view);
    }
  }

  /** Have every kind that was looked at in these views, now or soon. @param {View[]} views */
  need(views) {
    /** @type {Map<string, {kind: string, views: View[]}>} */
    const lacking = new Map();
    for (const view of views) {
      this.#fill(view);
      for (const kind of this.#missing(view)) {
        const name = nameOf(view.recording, kind);
        lacking.set(name, { kind, views: [...(lacking.get(name)?.views || []), view] });
      }
    }
    /** @type {Map<string, View[]>} */
    const windows = new Map();
    for (const { kind, views: some } of lacking.values()) {
      const one = pictureOf(some[0], kind);
      if (one.whole <= some.length * one.window) this.#fetch(some[0], kind);
      else windows.set(kind, [...(windows.get(kind) || []), ...some]);
    }
    for (const [kind, some] of windows) this.#fetchWindows(some, kind);
  }

  /** @param {number} recording */
  #chosen(recording) {
    const kinds = this.kinds.get(recording);
    const looked = kinds?.filter((kind) => this.looked.has(kind));
    return looked?.length ? looked : kinds?.slice(0, 1);
  }

  /** Kinds that are neither in the view nor on their way. @param {View} view */
  #missing(view) {
    const there = new Set(view.surroundings.pictures.map((one) => one.kind));
    return (this.#chosen(view.recording) || []).filter(
      (kind) => !there.has(kind) && !this.here.has(nameOf(view.recording, kind)) && !this.asked.has(nameOf(view.id, kind)),
    );
  }

  /** @param {View} view @param {Picture} picture its window that came */
  #pay(view, { kind, levels }) {
    const name = nameOf(view.recording, kind);
    const spent = (this.spent.get(name) || 0) + levels.length;
    this.spent.set(name, spent);
    if (spent >= pictureOf(view, kind).whole) this.#fetch(view, kind);
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
      didNotCome(kind, error);
      return;
    }
    this.#makeRoom();
    this.arrived();
  }

  /** @param {View[]} views @param {string} kind */
  async #fetchWindows(views, kind) {
    const names = views.map((one) => nameOf(one.id, kind));
    for (const name of names) this.asked.add(name);
    try {
      const ids = views.map((one) => one.id).join(",");
      const found = await fetchPictures(`/api/v1/components/views?ids=${ids}&parts=context&images=${encodeURIComponent(kind)}`);
      for (const view of views) {
        for (const picture of found.get(view.id) || []) {
          view.surroundings.pictures.push(picture);
          this.#pay(view, picture);
        }
      }
    } catch (error) {
      didNotCome(kind, error);
      return;
    } finally {
      for (const name of names) this.asked.delete(name);
    }
    this.arrived();
  }

  #makeRoom() {
    let bytes = [...this.here.values()].reduce((sum, one) => sum + (one?.levels.length || 0), 0);
    for (const [name, field] of this.here) {
      if (bytes <= MOST_BYTES || this.here.size === 1) return;
      bytes -= field?.levels.length || 0;
      this.here.delete(name);
      // It has to be paid for anew.
      this.spent.delete(name);
    }
  }
}

/** @param {number} key of a recording or a component @param {string} kind */
function nameOf(key, kind) {
  return `${key} ${kind}`;
}

/** Of how many pixels an image is, whole and in a view's window. @param {View} view @param {string} kind */
function pictureOf({ surroundings: { kinds, side } }, kind) {
  const { shape, pixel } = kinds.filter((one) => one.kind === kind)[0];
  return { whole: shape[0] * shape[1], window: (side / pixel) ** 2 };
}

/** @param {string} kind @param {unknown} error */
function didNotCome(kind, error) {
  message(`The ${kind} image did not come: ${wordsOf(error)} The next component asks again.`);
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
