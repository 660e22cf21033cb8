// How long somebody worked: the time with the page in view and a sign of life now and then.

/** Nobody looks longer at one component without moving a hand; the rest is idle. */
export const IDLE_AFTER_MS = 30_000;
/** Away for so long is a pause. */
export const PAUSE_MS = 5 * 60_000;
const REMEMBERED = 100;
const SIGNS = ["keydown", "pointermove", "pointerdown", "wheel"];

export class Working {
  /** @param {() => number} now ms, never set back */
  constructor(now = () => performance.now()) {
    this.now = now;
    this.last = now();
    this.hidden = document.hidden;
    /** When nobody worked: [from, to], oldest first. @type {[number, number][]} */
    this.gaps = [];
    for (const name of SIGNS) addEventListener(name, () => this.sign(), { capture: true, passive: true });
    document.addEventListener("visibilitychange", () => this.turn(document.hidden));
  }

  /** Somebody moved a hand. */
  sign() {
    const now = this.now();
    const idleFrom = this.last + IDLE_AFTER_MS;
    if (!this.hidden && now > idleFrom) this.#gap(idleFrom, now);
    if (!this.hidden) this.last = now;
  }

  /** The page was hidden or shown again. @param {boolean} hidden */
  turn(hidden) {
    if (hidden === this.hidden) return;
    const now = this.now();
    if (hidden) this.sign();
    else this.#gap(this.last, now);
    this.hidden = hidden;
    this.last = now;
  }

  /** Of the time since, that in which somebody worked, ms. @param {number} since */
  since(since) {
    const now = this.now();
    const resting = this.hidden ? this.last : this.last + IDLE_AFTER_MS;
    /** @type {[number, number][]} */
    const gaps = now > resting ? [...this.gaps, [resting, now]] : this.gaps;
    const away = gaps.reduce((sum, [from, to]) => sum + Math.max(0, to - Math.max(from, since)), 0);
    return Math.max(0, now - since - away);
  }

  /** How long nobody has been here now, ms. */
  get away() {
    return Math.max(0, this.now() - this.last);
  }

  /** Whether there was, or is now, a pause since then. @param {number} since */
  pausedSince(since) {
    return this.away >= PAUSE_MS || this.gaps.some(([from, to]) => to > since && to - from >= PAUSE_MS);
  }

  /** @param {number} from @param {number} to */
  #gap(from, to) {
    this.gaps.push([from, to]);
    if (this.gaps.length > REMEMBERED) this.gaps.shift();
  }
}
