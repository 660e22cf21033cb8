// Pages from the server: this one and, already on its way, the next. And those confirmed in this tab.

import { post } from "../api.js";
import { fetchMasks } from "../desk/bundle.js";
import { read, write } from "../desk/journal.js";
import { Sheet } from "./sheet.js";

const LONGEST_PAST = 10;

/**
 * @typedef {{label: number, count: number, recording: number | null, selection: number | null}} Choice
 * @typedef {Map<number, import("../desk/bundle.js").Grey>} Masks
 * @typedef {{sheet: Sheet, masks: Masks, above: number, threshold: number, run: number | null}} Ready
 * @typedef {{sheet: null, above: number, threshold: number, run: number | null}} Empty
 */

export class Pages {
  /**
   * @param {() => number[]} busy components that are on screen, in other tabs or not yet acknowledged
   * @param {<T>(ask: () => Promise<T>) => Promise<T>} alone asks while no other tab does
   */
  constructor(busy, alone) {
    this.busy = busy;
    this.alone = alone;
    /** @type {Promise<Ready | Empty> | null} */
    this.coming = null;
    /** Components of the page that is here and not yet taken. @type {number[]} */
    this.held = [];
  }

  /** Give back what was on its way: something else is wanted. */
  forget() {
    this.coming = null;
    this.held = [];
  }

  /** Ask for the next page ahead of time. @param {Choice} choice */
  prepare(choice) {
    if (this.coming) return;
    const coming = this.alone(() => this.#ask(choice));
    this.coming = coming;
    coming.then(
      ({ sheet }) => {
        if (this.coming === coming) this.held = sheet ? sheet.components : [];
      },
      // A failure is met by who takes it.
      () => undefined,
    );
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
      this.forget();
      return await this.alone(() => this.#ask(choice));
    } finally {
      if (this.coming === coming) this.forget();
    }
  }

  /** @param {Choice} choice @returns {Promise<Ready | Empty>} */
  async #ask(choice) {
    const busy = this.busy();
    const answer = await post("/api/v1/queue/montage", { ...choice, holding: busy.slice(0, 1000) });
    const { above, threshold, run } = answer;
    // The server still counts what was confirmed here and is on its way to it.
    if (!answer.items.length) return { sheet: null, above: Math.max(0, above - busy.length), threshold, run };
    const items = answer.items.map((/** @type {any} */ { component, recording, lease, expires_at, confidence }) => ({ component, recording, lease, expires_at, confidence }));
    const sheet = new Sheet(choice.label, items, answer.views);
    return { sheet, masks: await fetchMasks(answer.views), above, threshold, run };
  }
}

/** The pages confirmed in this tab, the last first to go back to. */
export class Past {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
    /** @type {Sheet[]} */
    this.sheets = JSON.parse(read(key, "sessionStorage") || "[]").map(Sheet.of);
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
    // Where there is no room for them, they can be gone back to until the page is left.
    write(this.key, JSON.stringify(this.sheets), "sessionStorage");
  }
}
