// Answers on their way to the server. Each is kept in localStorage under its own key until the
// server has acknowledged it: a lost network, a restart or a reload loses nothing. Each has its
// own id, so that sending one twice (two tabs, a lost reply) is harmless.

import { post, Refused, Unreachable, wordsOf } from "../api.js";

/**
 * @typedef {{key: string, kind: "label" | "skip" | "undo", body: Record<string, any>}} Entry
 * @typedef {"saved" | "waiting" | "signed-out"} State
 */

const BATCH = 50;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const PATHS = { label: "/api/v1/labels", skip: "/api/v1/queue/skip", undo: "/api/v1/labels/undo" };

/** Whether answers of this labeler were left waiting here. @param {string} labeler */
export function waits(labeler) {
  return Object.keys(localStorage).some((key) => key.startsWith(prefixOf(labeler)));
}

/** @param {string} labeler */
function prefixOf(labeler) {
  return `somata.outbox.${labeler}.`;
}

export class Outbox extends EventTarget {
  /** @param {string} labeler whose answers these are: another person may sign in here later */
  constructor(labeler) {
    super();
    this.prefix = prefixOf(labeler);
    this.counter = 0;
    this.sending = false;
    this.batch = BATCH;
    /** @type {State} */
    this.state = "saved";
    /** @type {(() => void) | null} */
    this.wake = null;
    /** @type {Entry[]} */
    this.entries = this.#kept();
    for (const name of ["online", "focus"]) addEventListener(name, () => this.wake?.());
    this.#send();
  }

  /** Components whose answers the server may not know of yet. */
  get components() {
    return this.entries.filter((one) => one.kind !== "undo").map((one) => one.body.component);
  }

  /** Keep an answer, then send it. @param {Entry["kind"]} kind @param {Record<string, any>} body */
  put(kind, body) {
    // Keys sort in the order of the answers: an undo must not overtake what it undoes.
    this.counter += 1;
    const order = `${String(Date.now()).padStart(14, "0")}.${String(this.counter).padStart(6, "0")}`;
    const entry = { key: `${this.prefix}${order}.${body.id}`, kind, body };
    this.entries.push(entry);
    try {
      localStorage.setItem(entry.key, JSON.stringify({ kind, body }));
    } catch {
      // Full, or switched off: the answer still goes out from memory.
      this.#report("unkept", {});
    }
    if (this.state === "saved") this.#become("waiting");
    else this.#become(this.state);
    this.#send();
  }

  #kept() {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(this.prefix))
      .sort()
      .map((key) => ({ key, ...JSON.parse(localStorage.getItem(key) || "{}") }));
  }

  async #send() {
    if (this.sending) return;
    this.sending = true;
    let wait = FIRST_WAIT_MS;
    while (this.entries.length) {
      const part = this.#next();
      try {
        const answer = await this.#post(part);
        wait = FIRST_WAIT_MS;
        this.batch = BATCH;
        this.#forget(part);
        this.#become(this.entries.length ? "waiting" : "saved");
        this.#tell(part, answer);
      } catch (error) {
        const passing = error instanceof Unreachable || (error instanceof Refused && error.passing);
        const signedOut = error instanceof Refused && error.status === 401;
        if (passing || signedOut) {
          this.#become(signedOut ? "signed-out" : "waiting");
          await this.#pause(wait);
          wait = Math.min(wait * 2, LONGEST_WAIT_MS);
        } else if (part.length > 1) {
          // One of them is refused; alone, each of the others still gets through.
          this.batch = 1;
        } else {
          this.#forget(part);
          this.#become(this.entries.length ? "waiting" : "saved");
          this.#report("refused", { entry: part[0], detail: wordsOf(error) });
        }
      }
    }
    this.#become("saved");
    this.sending = false;
  }

  /** The oldest entries that can go in one request. */
  #next() {
    if (this.entries[0].kind !== "label") return this.entries.slice(0, 1);
    const other = this.entries.findIndex((one) => one.kind !== "label");
    const end = other < 0 ? this.entries.length : other;
    return this.entries.slice(0, Math.min(end, this.batch));
  }

  /** @param {Entry[]} part */
  #post(part) {
    const kind = part[0].kind;
    const bodies = part.map((one) => one.body);
    return post(PATHS[kind], kind === "label" ? { labels: bodies } : bodies[0]);
  }

  /** @param {Entry[]} part */
  #forget(part) {
    for (const one of part) localStorage.removeItem(one.key);
    this.entries = this.entries.filter((one) => !part.includes(one));
  }

  /** @param {Entry[]} part @param {any} answer */
  #tell(part, answer) {
    if (part[0].kind !== "label") {
      this.#report("acknowledged", { entry: part[0], receipt: null });
      return;
    }
    const receipts = new Map(answer.items.map((/** @type {any} */ one) => [one.id, one]));
    for (const entry of part) {
      const receipt = receipts.get(entry.body.id);
      if (receipt?.status === "refused") this.#report("refused", { entry, detail: receipt.detail });
      else this.#report("acknowledged", { entry, receipt });
    }
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  /** @param {State} state */
  #become(state) {
    this.state = state;
    this.#report("state", { state, waiting: this.entries.length });
  }

  /** @param {string} name @param {Record<string, any>} detail */
  #report(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
