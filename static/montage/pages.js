// Pages from the server: this one and, already on its way, the next. And those confirmed in this tab.

import { post } from "../api.js";
import { fetchBundle } from "./bundle.js";
import { Sheet } from "./sheet.js";

const LONGEST_PAST = 10;

/**
 * @typedef {{label: number, count: number, recording: number | null, selection: number | null}} Choice
 * @typedef {import("./bundle.js").Bundle} Bundle
 * @typedef {{sheet: Sheet, bundle: Bundle, above: number, threshold: number, run: number | null}} Ready
 * @typedef {{sheet: null, above: number, threshold: number, run: number | null}} Empty
 */

export class Pages {
  /** @param {() => number[]} busy components that are on screen or not yet acknowledged */
  constructor(busy) {
    this.busy = busy;
    /** @type {Promise<Ready | Empty> | null} */
    this.coming = null;
  }

  /** Give back what was on its way: something else is wanted. */
  forget() {
    this.coming = null;
  }

  /** Ask for the next page ahead of time. @param {Choice} choice */
  prepare(choice) {
    this.coming ??= this.#ask(choice);
    // A failure is met by who takes it.
    this.coming.catch(() => undefined);
  }

  /** The next page. Raises what `post` raises. @param {Choice} choice @returns {Promise<Ready | Empty>} */
  async take(choice) {
    this.prepare(choice);
    const coming = /** @type {Promise<Ready | Empty>} */ (this.coming);
    try {
      const page = await coming;
      const fresh = page.sheet !== null && !page.sheet.expired(Date.now());
      if (fresh || this.coming !== coming) return page;
      // An empty page may have been asked for while this one was held: look again, now.
      this.coming = null;
      return await this.#ask(choice);
    } finally {
      if (this.coming === coming) this.coming = null;
    }
  }

  /** @param {Choice} choice @returns {Promise<Ready | Empty>} */
  async #ask(choice) {
    const answer = await post("/api/v1/queue/montage", { ...choice, holding: this.busy().slice(0, 1000) });
    const { above, threshold, run } = answer;
    if (!answer.items.length) return { sheet: null, above, threshold, run };
    const items = answer.items.map((/** @type {any} */ { component, recording, lease, expires_at, confidence }) => ({ component, recording, lease, expires_at, confidence }));
    const sheet = new Sheet(choice.label, items, answer.views);
    return { sheet, bundle: await fetchBundle(answer.views), above, threshold, run };
  }
}

/** The pages confirmed in this tab, the last first to go back to. */
export class Past {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
    /** @type {Sheet[]} */
    this.sheets = JSON.parse(sessionStorage.getItem(key) || "[]").map(Sheet.of);
  }

  get last() {
    return this.sheets.at(-1) ?? null;
  }

  /** @param {Sheet} sheet */
  push(sheet) {
    this.sheets.push(sheet);
    this.keep();
  }

  pop() {
    this.sheets.pop();
    this.keep();
  }

  keep() {
    this.sheets = this.sheets.slice(-LONGEST_PAST);
    sessionStorage.setItem(this.key, JSON.stringify(this.sheets));
  }
}
