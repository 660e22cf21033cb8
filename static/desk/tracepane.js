// The trace on its canvas: zoomed by wheel and keys, panned by dragging, a neighbour's laid under it.

import { get, Refused } from "../api.js";
import { message } from "../dom.js";
import { Pane } from "./pane.js";
import { allOf, FinePoints, moved, zoomed } from "./range.js";
import { boxOf, drawTrace } from "../plot.js";

/** @typedef {import("./bundle.js").View} View */
/** @typedef {import("../plot.js").Points} Points */

const WHEEL_STEP = 1.2;
const MOST_KEPT = 60;

export class TracePane {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{look: {alike: boolean}, theme: import("./drawing.js").Theme}} stage
   */
  constructor(canvas, stage) {
    this.stage = stage;
    this.range = allOf(null);
    this.whole = true;
    /** A neighbour's points, by its key. @type {Map<number, Points | null>} */
    this.others = new Map();
    this.fine = new FinePoints(() => this.pane.redraw());
    this.pane = new Pane(canvas, (pen, size, view) => this.#draw(pen, size, view));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.#drag(event));
    canvas.addEventListener("dblclick", () => this.all());
  }

  /** Another component comes; its whole trace is shown. @param {View | null} view */
  restart(view) {
    this.range = allOf(view);
    this.whole = true;
    if (view) this.fetchAlike([view]);
  }

  /** @param {import("./drawing.js").Pen} pen @param {import("./drawing.js").Size} size @param {View} view */
  #draw(pen, size, view) {
    const { theme, look } = this.stage;
    pen.fillStyle = theme.panel;
    pen.fillRect(0, 0, size.width, size.height);
    if (!view.trace) return;
    const onScreen = view === this.pane.view;
    const alike = (look.alike && view.alike && this.others.get(view.alike.component)) || null;
    // What is drawn ahead is shown whole at first.
    const range = onScreen ? this.range : allOf(view);
    const fine = onScreen && !this.whole ? this.fine.of(view.id, view.trace, range) : null;
    drawTrace(pen, size, view.trace, range, theme, { fine, alike });
  }

  /** Fetch the neighbours' traces that these would lay under theirs, if that is wished. @param {View[]} views */
  async fetchAlike(views) {
    if (!this.stage.look.alike) return;
    for (const { alike, trace } of views) {
      if (!alike || !trace || this.others.has(alike.component)) continue;
      this.others.set(alike.component, null);
      if (this.others.size > MOST_KEPT) this.others.delete(/** @type {number} */ (this.others.keys().next().value));
      try {
        const found = await get(`/api/v1/components/${alike.component}/trace?points=2000`);
        const frames = found.times.map((/** @type {number} */ time) => Math.round(time / trace.frame));
        this.others.set(alike.component, { frames, values: found.values });
        this.pane.forget();
        if (this.pane.view?.alike?.component === alike.component) this.pane.redraw();
      } catch (error) {
        this.others.delete(alike.component);
        if (this.pane.view?.alike?.component !== alike.component) continue;
        message(`The trace most alike did not load: ${error instanceof Refused ? error.detail : "no connection."} Switch it off and on to try again.`);
      }
    }
  }

  /** @param {number} factor below 1 shows less, larger @param {number} [about] the frame that stays */
  zoom(factor, about = (this.range.first + this.range.last) / 2) {
    const trace = this.pane.view?.trace;
    if (!trace) return;
    this.range = zoomed(this.range, factor, about, trace.length);
    this.whole = this.range.last - this.range.first >= trace.length - 1;
    this.pane.redraw();
  }

  /** @param {number} part of what is in sight */
  pan(part) {
    const trace = this.pane.view?.trace;
    if (!trace) return;
    this.range = moved(this.range, part * (this.range.last - this.range.first), trace.length);
    this.pane.redraw();
  }

  all() {
    this.restart(this.pane.view);
    this.pane.redraw();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const { first, last } = this.range;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan(Math.sign(event.deltaX) * 0.08);
    else this.zoom(event.deltaY < 0 ? 1 / WHEEL_STEP : WHEEL_STEP, first + this.#partAt(event) * (last - first));
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    const { canvas } = this.pane;
    canvas.setPointerCapture(event.pointerId);
    let before = this.#partAt(event);
    /** @param {PointerEvent} move */
    const onMove = (move) => {
      const part = this.#partAt(move);
      this.pan(before - part);
      before = part;
    };
    canvas.addEventListener("pointermove", onMove);
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, () => canvas.removeEventListener("pointermove", onMove), { once: true });
    }
  }

  /** How far across the trace the pointer is, 0 to 1. @param {MouseEvent} event */
  #partAt(event) {
    const { size, canvas } = this.pane;
    const box = boxOf(size);
    const x = (event.clientX - canvas.getBoundingClientRect().left) * size.ratio;
    return Math.min(Math.max((x - box.left) / (box.right - box.left), 0), 1);
  }
}
