// What was answered in this tab, so that undo can walk back through it, across reloads too.

/** @typedef {{item: import("./ahead.js").Item, ids: string[], kind: "label" | "skip"}} Step */

const LONGEST = 500;

export class History {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
    /** @type {Step[]} */
    this.steps = JSON.parse(sessionStorage.getItem(key) || "[]");
  }

  /** @param {import("./ahead.js").Item} item @param {string[]} ids the answer's event @param {Step["kind"]} kind */
  push(item, ids, kind = "label") {
    this.steps.push({ item, ids, kind });
    this.#keep();
  }

  /** A second event of the last answer: the old label, kept after the blind one. @param {string} id */
  extend(id) {
    this.steps.at(-1)?.ids.push(id);
    this.#keep();
  }

  /** @returns {Step | undefined} */
  pop() {
    const last = this.steps.pop();
    this.#keep();
    return last;
  }

  #keep() {
    this.steps = this.steps.slice(-LONGEST);
    sessionStorage.setItem(this.key, JSON.stringify(this.steps));
  }
}
