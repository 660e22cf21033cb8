// Done, left, and how fast: kept up with every answer and undo.

import { countLeft, left } from "./choice.js";
import { Pace } from "./pace.js";

export class Counts {
  /** @param {import("./ahead.js").Ahead} ahead @param {import("./view.js").View} view */
  constructor(ahead, view) {
    this.ahead = ahead;
    this.view = view;
    this.round = ahead.choice.round;
    this.pace = new Pace(`somata.done.${this.round ?? "free"}`);
  }

  /** @param {import("./ahead.js").Item} item @param {1 | -1} by an answer, or one taken back */
  count(item, by) {
    this.pace.count(by);
    countLeft(item.recording, by === 1 ? -1 : 1);
    if (this.ahead.remaining !== null) this.ahead.remaining = Math.max(0, this.ahead.remaining - by);
  }

  show() {
    this.view.progress(this.pace, this.round === null ? left(this.ahead.choice) : this.ahead.remaining);
  }
}
