// After 45 minutes of work, a word that a pause would do good. It stops nobody.

import { read, write } from "./journal.js";
import { PAUSE_MS } from "./working.js";

const WORK_MS = 45 * 60_000;
const LOOK_EVERY_MS = 15_000;
const KEPT = "somata.worked";

export class PauseReminder {
  /** @param {import("./working.js").Working} working */
  constructor(working) {
    this.working = working;
    this.place = /** @type {HTMLElement} */ (document.querySelector("[data-pause]"));
    this.worked = workedBefore();
    this.counted = working.now();
    setInterval(() => this.look(), LOOK_EVERY_MS);
    // What was worked counts on after a reload, and after a pause that was none.
    addEventListener("pagehide", () => this.look());
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) this.dismiss();
    });
    this.place.querySelector("button")?.addEventListener("click", () => this.dismiss());
  }

  /** Count what was worked since the last look. */
  look() {
    const paused = this.working.pausedSince(this.counted);
    this.worked = paused ? 0 : this.worked + this.working.since(this.counted);
    this.counted = this.working.now();
    if (paused) this.place.hidden = true;
    if (this.worked >= WORK_MS) this.place.hidden = false;
    write(KEPT, JSON.stringify({ worked: this.worked, at: Date.now() - this.working.away }), "sessionStorage");
  }

  /** Not now: the next word comes after as much work again. */
  dismiss() {
    if (this.place.hidden) return;
    this.place.hidden = true;
    this.worked = 0;
    this.look();
  }
}

function workedBefore() {
  const { worked, at } = JSON.parse(read(KEPT, "sessionStorage") || '{"worked": 0, "at": 0}');
  return Date.now() - at < PAUSE_MS ? worked : 0;
}
