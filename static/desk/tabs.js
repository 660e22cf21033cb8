// Several tabs of one labeler: who sends, and which components each has.

const ANSWERS_WITHIN_MS = 40;

/** @param {string} name @returns {BroadcastChannel | null} null where the browser has none */
export function channelOf(name) {
  return "BroadcastChannel" in globalThis ? new BroadcastChannel(name) : null;
}

/** Do it while no other tab does what has this name. @template T @param {string} name @param {() => Promise<T>} act @returns {Promise<T>} */
export async function alone(name, act) {
  // Pages that come over plain http have no locks; what they then do twice must be harmless.
  if (!navigator.locks) return act();
  return navigator.locks.request(name, act);
}

/** What the other tabs, of the desk or the montage, have on screen and ahead: it must not come here as well. */
export class Tabs {
  /** @param {string} labeler @param {() => number[]} held what this tab has */
  constructor(labeler, held) {
    this.name = `somata.desk.${labeler}`;
    this.me = String(Math.random());
    /** @type {Map<string, number[]>} */
    this.others = new Map();
    this.channel = channelOf(this.name);
    this.channel?.addEventListener("message", ({ data }) => {
      if (data.asked) this.channel?.postMessage({ from: this.me, held: held() });
      if (data.gone) this.others.delete(data.from);
      else this.others.set(data.from, data.held);
    });
    this.held = held;
    addEventListener("pagehide", () => this.channel?.postMessage({ from: this.me, gone: true }));
    this.ready = this.#ask();
  }

  /** Components of the other tabs. */
  get components() {
    return [...this.others.values()].flat();
  }

  /** Ask the queue for work: after asking the other tabs, and not while they do. @template T @param {() => Promise<T>} fill @returns {Promise<T>} */
  async fill(fill) {
    await this.ready;
    if (!this.others.size) return fill();
    return alone(`${this.name}.fill`, async () => {
      await this.#ask();
      return fill();
    });
  }

  async #ask() {
    this.others.clear();
    this.channel?.postMessage({ from: this.me, held: this.held(), asked: true });
    if (this.channel) await new Promise((resolve) => setTimeout(resolve, ANSWERS_WITHIN_MS));
  }
}
