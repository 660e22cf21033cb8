// Answers on their way to the server. Each is kept in this browser until the server has
// acknowledged it: a lost network, a restart, an ended session, a closed tab lose nothing.
// Of several tabs, one sends at a time and tells the others.

import { Refused } from "../api.js";
import { Kept } from "./kept.js";
import { sendAll } from "./sending.js";
import { alone, channelOf } from "./tabs.js";

/**
 * @typedef {import("./kept.js").Entry} Entry
 * @typedef {import("./kept.js").Kind} Kind
 * @typedef {import("./sending.js").Result} Result
 * @typedef {"saved" | "waiting" | "signed-out"} State
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/**
 * Events: `state` {state, waiting, refusal}, `acknowledged` {entry, receipt}, `refused` {entry,
 * detail}, `kept` {place}: not in IndexedDB, but in "journal" or "memory".
 */
export class Outbox extends EventTarget {
  /** @param {string} labeler whose answers these are: another person may sign in here later */
  constructor(labeler) {
    super();
    this.kept = new Kept(labeler);
    this.lock = `somata.outbox.${labeler}`;
    this.channel = channelOf(this.lock);
    this.channel?.addEventListener("message", (event) => this.#hear(event.data));
    /** What waits, of every tab as far as this one knows. @type {Entry[]} */
    this.entries = [];
    this.order = 0;
    this.working = false;
    /** @type {State} */
    this.state = "saved";
    /** @type {(() => void) | null} */
    this.waken = null;
    for (const name of ["online", "focus"]) addEventListener(name, () => this.wake());
    document.addEventListener("visibilitychange", () => this.wake());
    /** Resolves when it is known what was left waiting. */
    this.ready = this.#takeUp();
  }

  /** Components whose answers the server may not know of yet. */
  get components() {
    return this.entries.filter((one) => one.kind === "label" || one.kind === "skip").map((one) => one.body.component);
  }

  /** Keep an answer, then send it. @param {Kind} kind @param {Record<string, any>} body @param {import("./ahead.js").Item} [item] */
  put(kind, body, item) {
    // Keys sort in the order of the answers: an undo must not overtake what it undoes, nor may a
    // clock that is set back let it.
    this.order = Math.max(Date.now() * 1000, this.order + 1);
    const entry = { key: `${this.kept.prefix}${String(this.order).padStart(17, "0")}.${body.id}`, kind, body, item };
    this.entries.push(entry);
    this.kept.add(entry).then((place) => {
      if (place !== "database") this.#report("kept", { place });
    });
    this.channel?.postMessage({ added: entry });
    this.#become(this.state === "saved" ? "waiting" : this.state);
    this.#work();
  }

  /** Try again now. */
  wake() {
    this.waken?.();
  }

  async #takeUp() {
    const left = await this.kept.all();
    const known = new Set(this.entries.map((one) => one.key));
    this.entries.unshift(...left.filter((one) => !known.has(one.key)));
    this.order = Math.max(this.order, ...left.map((one) => orderOf(this.kept.prefix, one.key)));
    if (this.entries.length) this.#become("waiting");
    this.kept.takeOver();
    this.#work();
  }

  /** @param {{added?: Entry, settled?: Result[]}} told by another tab */
  #hear({ added, settled }) {
    if (added) {
      this.entries.push(added);
      this.#become(this.state === "saved" ? "waiting" : this.state);
      // Should that tab be closed before it has sent it, this one does.
      this.#work();
    }
    if (settled) {
      this.#settle(settled);
      // The server can be reached again.
      this.wake();
    }
  }

  async #work() {
    if (this.working) return;
    this.working = true;
    let wait = FIRST_WAIT_MS;
    while (this.entries.length) {
      try {
        await alone(this.lock, () => sendAll(this.kept, (results) => this.#sent(results)));
        await this.#dropSettled();
        wait = FIRST_WAIT_MS;
      } catch (error) {
        const refusal = error instanceof Refused && error.status === 401 ? error : null;
        this.#become(refusal ? "signed-out" : "waiting", refusal);
        await this.#pause(wait);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      }
    }
    this.working = false;
    this.#become("saved");
  }

  /** Those that another tab has sent although this one did not hear of it. */
  async #dropSettled() {
    const known = new Set(this.entries);
    if (!known.size) return;
    const left = new Set((await this.kept.all()).map((one) => one.key));
    this.entries = this.entries.filter((one) => !known.has(one) || left.has(one.key));
  }

  /** @param {Result[]} results */
  #sent(results) {
    this.channel?.postMessage({ settled: results });
    this.#settle(results);
  }

  /** @param {Result[]} results */
  #settle(results) {
    const keys = new Set(results.map((one) => one.entry.key));
    this.entries = this.entries.filter((one) => !keys.has(one.key));
    this.#become(this.entries.length ? "waiting" : "saved");
    for (const { entry, receipt, refusal } of results) {
      if (refusal === null) this.#report("acknowledged", { entry, receipt });
      else this.#report("refused", { entry, detail: refusal });
    }
  }

  /** @param {number} ms */
  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.waken = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }

  /** @param {State} state @param {Refused | null} refusal why one is signed out */
  #become(state, refusal = null) {
    this.state = state;
    this.#report("state", { state, waiting: this.entries.length, refusal });
  }

  /** @param {string} name @param {Record<string, any>} detail */
  #report(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** @param {string} prefix @param {string} key */
function orderOf(prefix, key) {
  // Former versions: milliseconds, a point, a counter.
  const [first, second] = key.slice(prefix.length).split(".");
  return first.length === 17 ? Number(first) : Number(first) * 1000 + Number(second) % 1000;
}

/** Send what was left waiting when the desk was closed, from any other page. @param {string} labeler */
export async function sendLeft(labeler) {
  if ((await new Kept(labeler).all()).length) new Outbox(labeler);
}
