// A canvas that shows one component after another. What comes next is drawn ahead of time, so that
// showing it is copying a picture.

/** @typedef {import("./bundle.js").View} View */
/** @typedef {import("./drawing.js").Pen} Pen */
/** @typedef {import("./drawing.js").Size} Size */

const MOST_AHEAD = 6;

export class Pane {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {(pen: Pen, size: Size, view: View) => void} draw fills the whole canvas
   */
  constructor(canvas, draw) {
    this.canvas = canvas;
    this.pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    this.draw = draw;
    /** @type {Size} */
    this.size = { width: 1, height: 1, ratio: 1 };
    /** @type {View | null} */
    this.view = null;
    /** @type {Map<View, ImageBitmap>} */
    this.ahead = new Map();
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  /** @param {View | null} view */
  show(view) {
    this.view = view;
    const ready = view && this.ahead.get(view);
    if (ready) this.pen.drawImage(ready, 0, 0);
    else this.redraw();
  }

  /** Draw what is on screen again. */
  redraw() {
    const { width, height } = this.size;
    this.pen.clearRect(0, 0, width, height);
    if (this.view) this.draw(this.pen, this.size, this.view);
  }

  /** Draw what comes next, unless it is drawn already. @param {View} view @returns {boolean} whether it had to */
  prepare(view) {
    const { width, height } = this.size;
    if (this.ahead.has(view) || width < 2 || height < 2) return false;
    for (const [old, picture] of this.ahead) {
      if (this.ahead.size < MOST_AHEAD) break;
      picture.close();
      this.ahead.delete(old);
    }
    const hidden = new OffscreenCanvas(width, height);
    this.draw(/** @type {OffscreenCanvasRenderingContext2D} */ (hidden.getContext("2d", { alpha: false })), this.size, view);
    this.ahead.set(view, hidden.transferToImageBitmap());
    return true;
  }

  /** The look has changed: what was drawn ahead is of no use. */
  forget() {
    for (const picture of this.ahead.values()) picture.close();
    this.ahead.clear();
  }

  #resize() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (!width || !height || (width === this.size.width && height === this.size.height)) return;
    this.size = { width, height, ratio };
    this.canvas.width = width;
    this.canvas.height = height;
    this.forget();
    this.redraw();
  }
}
