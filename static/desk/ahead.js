// The next components, asked for and loaded before they are needed.

import { post, Refused } from "../api.js";
import { find, message } from "../dom.js";
import { fetchViews } from "./bundle.js";

const WANTED = 24;
/** Ask again when so few are left: what a fast labeler answers while the server takes its time. */
const FEW = 14;
/** The same where there were never as many, because others label the rest. */
const FEWEST = 3;
const REMEMBERED = 60;
const RETRY_MS = [300, 1000, 3000, 8000];
/** A network that stumbles needs no words; one that is away does. */
const SAY_AFTER_TRIES = 3;
const PARTS = "mask,context,trace,average,neighbours";

/**
 * @typedef {{component: number, recording: number, lease: string | null, expires_at: string}} Item
 * @typedef {{strategy: string, recording: number | null, round: number | null}} Choice
 * @typedef {import("./bundle.js").View} View
 * @typedef {import("./fields.js").Fields} Fields
 */

/** What was seen lately, so that walking back needs no server. @type {Map<number, View>} */
const seen = new Map();

/** One component with its pictures here, or on their way. */
export class Work {
  /** @param {Item} item @param {Fields} fields @param {Promise<Map<number, View>>} [bundle] that holds its view */
  constructor(item, fields, bundle) {
    this.item = item;
    this.fields = fields;
    /** @type {View | null} */
    this.view = seen.get(item.component) || null;
    this.ready = this.view ? Promise.resolve() : this.#load(bundle);
  }

  /** @param {Promise<Map<number, View>>} [bundle] */
  async #load(bundle) {
    const { component } = this.item;
    const found = (await bundle)?.get(component);
    this.view = found || (await views(`/api/v1/components/views?ids=${component}&parts=${PARTS}`, [this.item], this.fields)).get(component) || null;
    if (this.view) remember(this.view);
  }
}

/** @param {View} view */
function remember(view) {
  seen.set(view.id, view);
  if (seen.size > REMEMBERED) seen.delete(/** @type {number} */ (seen.keys().next().value));
}

/**
 * What is drawn of these; tried until it works, the network may be away for a while.
 * @param {string} url @param {Item[]} items @param {Fields} fields @returns {Promise<Map<number, View>>}
 */
async function views(url, items, fields) {
  let said = "";
  for (let attempt = 0; ; attempt += 1) {
    try {
      const found = await fetchViews(url + fields.wanted(items.map((one) => one.recording)));
      fields.take(found.values());
      if (said && find("[data-message]").textContent === said) message("");
      return found;
    } catch (error) {
      if (attempt + 1 >= SAY_AFTER_TRIES) {
        said = `Masks and traces do not come: ${error instanceof Refused ? error.detail : "no connection."} Trying again.`;
        message(said);
      }
      const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

export class Ahead {
  /**
   * @param {Choice} choice
   * @param {() => number[]} busy components that are on screen or answered but not yet acknowledged
   * @param {() => void} changed what comes next, or its pictures have come
   * @param {Fields} fields
   */
  constructor(choice, busy, changed, fields) {
    this.fields = fields;
    this.choice = choice;
    this.busy = busy;
    this.changed = changed;
    /** @type {Work[]} */
    this.works = [];
    this.exhausted = false;
    this.few = FEW;
    /** @type {number | null} */
    this.remaining = null;
    this.asking = false;
    this.generation = 0;
  }

  /** Start anew with another choice. @param {Choice} choice */
  choose(choice) {
    this.choice = choice;
    this.works = [];
    this.few = FEW;
    this.exhausted = false;
    this.asking = false;
    this.generation += 1;
  }

  /** The next one, or null. */
  take() {
    const now = Date.now();
    // A promise that has run out may be somebody else's by now.
    while (this.works.length && Date.parse(this.works[0].item.expires_at) < now) this.works.shift();
    const next = this.works.shift() || null;
    this.changed();
    return next;
  }

  /** @param {Work} work it is shown next, e.g. because an older one was walked back to */
  putBack(work) {
    this.works.unshift(work);
  }

  /** The views that come next, as far as they are here. @returns {View[]} */
  get upcoming() {
    return this.works.flatMap((work) => (work.view ? [work.view] : []));
  }

  /** Ask for more where few are left. Raises what `post` raises. @returns {Promise<void>} */
  async fill() {
    if (this.asking || this.exhausted || this.works.length > this.few) return;
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
        ahead: this.works.length,
      });
      if (generation !== this.generation) return;
      const known = new Set([...this.works.map((work) => work.item.component), ...this.busy()]);
      const fresh = answer.items.filter((/** @type {Item} */ item) => !known.has(item.component));
      // One answer with the pictures of all of them.
      const bundle = fresh.length ? views(answer.views, fresh, this.fields) : undefined;
      this.works.push(...fresh.map((/** @type {Item} */ item) => new Work(item, this.fields, bundle)));
      this.few = Math.min(FEW, Math.max(FEWEST, Math.floor((this.works.length * FEW) / WANTED)));
      bundle?.then(() => setTimeout(this.changed));
      this.remaining = answer.remaining;
      this.exhausted = answer.items.length === 0;
    } finally {
      if (generation === this.generation) this.asking = false;
    }
  }
}
