// What undo walks back through: the answers of this page and those that wait in this browser,
// then the server's list of one's own, given on whatever device.

import { get } from "../api.js";

/**
 * @typedef {import("./ahead.js").Item} Item
 * @typedef {{item: Item, ids: string[], kind: "label" | "skip"}} Step ids: its events, oldest first
 */

const PAGE = 50;
/** What was walked back to stays until it is answered: its lease is over, but nothing else asks for it. */
const FOREVER = "9999-12-31T00:00:00Z";

export class History {
  /** @param {number | null} round undo stays in it; null: outside rounds */
  constructor(round) {
    this.round = round;
    /** @type {Step[]} */
    this.steps = [];
    /** Of the server's, those not walked to yet, newest first. @type {any[]} */
    this.older = [];
    /** @type {string | null} */
    this.cursor = "";
    /** Events that undo has dealt with, though the server may not know yet. @type {Set<string>} */
    this.gone = new Set();
  }

  /** Begin with what was left waiting in this browser. @param {import("./kept.js").Entry[]} entries */
  restore(entries) {
    for (const one of entries) if (one.kind === "undo") this.gone.add(one.body.undoes);
    for (const { kind, body, item } of entries) {
      if ((kind !== "label" && kind !== "skip") || !item || body.round !== this.round || this.gone.has(body.id)) continue;
      if (this.#same(item.component)) this.extend(body.id);
      else this.push(item, body.id, kind);
    }
  }

  /** @param {Item} item @param {string} id the answer's event @param {Step["kind"]} kind */
  push(item, id, kind = "label") {
    this.steps.push({ item, ids: [id], kind });
    // A new walk begins with what is newest then.
    this.older = [];
    this.cursor = "";
  }

  /** A second event of the last answer: the old label, kept after the blind one. @param {string} id */
  extend(id) {
    this.steps.at(-1)?.ids.push(id);
  }

  /** The last step of this browser, if one is left. @returns {Step | undefined} */
  pop() {
    const last = this.steps.pop();
    for (const id of last?.ids || []) this.gone.add(id);
    return last && { ...last, item: revived(last.item) };
  }

  /** The last step that the server knows of. Raises what `get` raises. @returns {Promise<Step | undefined>} */
  async earlier() {
    const first = await this.#next();
    if (!first) return undefined;
    const ids = [first.id];
    // In a round, the blind answer and the old label kept after it are one step.
    while (first.round !== null && (await this.#peek())?.component === first.component) ids.unshift((await this.#next()).id);
    for (const id of ids) this.gone.add(id);
    return { item: revived(first), ids, kind: first.kind };
  }

  async #next() {
    await this.#peek();
    return this.older.shift();
  }

  async #peek() {
    for (;;) {
      while (this.older.length && this.gone.has(this.older[0].id)) this.older.shift();
      if (this.older.length || this.cursor === null) return this.older[0];
      const given = new URLSearchParams({ limit: String(PAGE) });
      if (this.round !== null) given.set("round", String(this.round));
      if (this.cursor) given.set("cursor", this.cursor);
      const page = await get(`/api/v1/labels/mine?${given}`);
      this.older.push(...page.items);
      this.cursor = page.next;
    }
  }

  /** @param {number} component */
  #same(component) {
    return this.round !== null && this.steps.at(-1)?.item.component === component;
  }
}

/** @param {any} from an item of the queue, or a step of the server @returns {Item} */
function revived({ component, recording }) {
  return { component, recording, lease: null, expires_at: FOREVER };
}
