// How long somebody worked on a page: what they were away is cut off.

/** Without a move or a key for longer than this, nobody is looking. */
export const LONGEST_PAUSE_MS = 30_000;

export class Attention {
  /** @param {number} now ms, when the page came */
  constructor(now) {
    this.last = now;
    this.worked = 0;
  }

  /** Somebody moved the pointer or pressed a key. @param {number} now ms */
  stir(now) {
    this.worked += Math.min(Math.max(now - this.last, 0), LONGEST_PAUSE_MS);
    this.last = now;
  }

  /** Seconds of work, shared out. @param {number} now ms @param {number} components */
  share(now, components) {
    this.stir(now);
    return this.worked / 1000 / Math.max(components, 1);
  }
}
