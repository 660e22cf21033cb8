// The next components, asked for and loaded before they are needed.

import { get, post } from "../api.js";

const WANTED = 12;
const RETRY_MS = [300, 1000, 3000, 8000];

/**
 * @typedef {{component: number, recording: number, lease: string | null, expires_at: string,
 *   urls: {mask_png: string, context_png: string, trace: string}}} Item
 * @typedef {{strategy: string, recording: number | null, round: number | null}} Choice
 */

/** One component with its pictures on their way. */
export class Work {
  /** @param {Item} item */
  constructor(item) {
    this.item = item;
    /** @type {HTMLImageElement | null} */
    this.mask = null;
    /** @type {HTMLImageElement | null} */
    this.context = null;
    /** @type {import("../plot.js").Trace | null} */
    this.trace = null;
    this.ready = this.#load();
  }

  async #load() {
    const { urls } = this.item;
    await Promise.all([
      patiently(() => picture(urls.mask_png)).then((image) => { this.mask = image; }),
      patiently(() => picture(urls.context_png)).then((image) => { this.context = image; }),
      patiently(() => get(urls.trace)).then((trace) => { this.trace = trace; }),
    ]);
  }
}

/** @param {string} url @returns {Promise<HTMLImageElement>} */
async function picture(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/** Try until it works; the network may be away for a while. @template T @param {() => Promise<T>} load @returns {Promise<T>} */
async function patiently(load) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await load();
    } catch {
      const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

export class Ahead {
  /**
   * @param {Choice} choice
   * @param {() => number[]} busy components that are on screen or answered but not yet acknowledged
   */
  constructor(choice, busy) {
    this.choice = choice;
    this.busy = busy;
    /** @type {Work[]} */
    this.works = [];
    this.exhausted = false;
    /** @type {number | null} */
    this.remaining = null;
    this.asking = false;
    this.generation = 0;
  }

  /** Start anew with another choice. @param {Choice} choice */
  choose(choice) {
    this.choice = choice;
    this.works = [];
    this.exhausted = false;
    this.asking = false;
    this.generation += 1;
  }

  /** The next one, or null. */
  take() {
    const now = Date.now();
    // A promise that has run out may be somebody else's by now.
    while (this.works.length && Date.parse(this.works[0].item.expires_at) < now) this.works.shift();
    return this.works.shift() || null;
  }

  /** @param {Work} work it is shown next, e.g. because an older one was walked back to */
  putBack(work) {
    this.works.unshift(work);
  }

  /** Ask for more where few are left. Raises what `post` raises. @returns {Promise<void>} */
  async fill() {
    if (this.asking || this.exhausted || this.works.length > WANTED - 4) return;
    this.asking = true;
    const generation = this.generation;
    try {
      const held = [...new Set([...this.works.map((work) => work.item.component), ...this.busy()])];
      const answer = await post("/api/v1/queue/next", {
        strategy: this.choice.strategy,
        count: WANTED - this.works.length,
        recording: this.choice.recording,
        round: this.choice.round,
        holding: held.slice(0, 200),
      });
      if (generation !== this.generation) return;
      const known = new Set([...this.works.map((work) => work.item.component), ...this.busy()]);
      const fresh = answer.items.filter((/** @type {Item} */ item) => !known.has(item.component));
      this.works.push(...fresh.map((/** @type {Item} */ item) => new Work(item)));
      this.remaining = answer.remaining;
      this.exhausted = answer.items.length === 0;
    } finally {
      if (generation === this.generation) this.asking = false;
    }
  }
}
