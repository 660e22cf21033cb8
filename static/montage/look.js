// The large view of one component: mask, surroundings, trace.

import { fetchBundle, paint } from "./bundle.js";

/** @param {string} selector @returns {any} */
const find = (selector) => document.querySelector(selector);
const SETTLE_MS = 60;
const MOST_KEPT = 300;

export class Look {
  constructor() {
    /** @type {Map<number, import("./bundle.js").Bundle>} */
    this.kept = new Map();
    /** @type {number | null} */
    this.component = null;
    this.timer = 0;
    addEventListener("resize", () => this.#paint());
    document.addEventListener("somata:theme", () => this.#paint());
  }

  /** @param {import("./sheet.js").Item} item */
  show(item) {
    if (this.component === item.component) return;
    this.component = item.component;
    find("[data-look-name]").textContent = `component ${item.component} · ${Math.round(item.confidence * 100)}% sure`;
    clearTimeout(this.timer);
    if (this.kept.has(item.component)) this.#paint();
    // Not for each of the tiles that the pointer crosses.
    else this.timer = setTimeout(() => this.#load(item.component), SETTLE_MS);
  }

  /** @param {number} component */
  async #load(component) {
    try {
      const bundle = await fetchBundle(`/api/v1/components/views?ids=${component}&parts=mask,context,trace`);
      if (this.kept.size > MOST_KEPT) this.kept.clear();
      this.kept.set(component, bundle);
    } catch {
      find("[data-look-name]").textContent = `component ${component} · its surroundings did not come; point at it again`;
      if (this.component === component) this.component = null;
      return;
    }
    this.#paint();
  }

  #paint() {
    const bundle = this.component === null ? undefined : this.kept.get(this.component);
    if (!bundle) return;
    const one = bundle.header.components[0];
    paint(find("[data-look-mask]"), /** @type {Uint8Array} */ (bundle.values(one.mask.levels)), one.mask.levels.shape);
    this.#surroundings(bundle, one);
    this.#trace(bundle, one);
  }

  /** @param {import("./bundle.js").Bundle} bundle @param {any} one */
  #surroundings(bundle, one) {
    const canvas = find("[data-look-context]");
    const image = one.context.images[0];
    const pen = canvas.getContext("2d");
    const scale = canvas.width / one.context.side_px;
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    if (image) {
      const small = document.createElement("canvas");
      const [rows, columns] = image.levels.shape;
      if (rows && columns) {
        paint(small, /** @type {Uint8Array} */ (bundle.values(image.levels)), image.levels.shape);
        const side = scale * image.pixel_px;
        pen.drawImage(small, (image.left_px - one.context.left_px) * scale, (image.top_px - one.context.top_px) * scale, columns * side, rows * side);
      }
    }
    const { components, lines, points } = bundle.header.contours;
    const places = bundle.values(points);
    let at = 0;
    components.forEach((/** @type {number} */ key, /** @type {number} */ index) => {
      pen.strokeStyle = key === one.id ? "#ffffff" : "#6fcdb088";
      pen.lineWidth = key === one.id ? 2.5 : 1.5;
      for (const count of lines[index]) {
        pen.beginPath();
        for (let point = at; point < at + count; point += 1) {
          // Centres of pixels are whole numbers.
          pen.lineTo((places[2 * point + 1] + 0.5 - one.context.left_px) * scale, (places[2 * point] + 0.5 - one.context.top_px) * scale);
        }
        pen.closePath();
        pen.stroke();
        at += count;
      }
    });
  }

  /** @param {import("./bundle.js").Bundle} bundle @param {any} one */
  #trace(bundle, one) {
    const canvas = find("[data-look-trace]");
    canvas.width = canvas.clientWidth * devicePixelRatio;
    canvas.height = canvas.clientHeight * devicePixelRatio;
    find("[data-look-no-trace]").hidden = one.trace !== null;
    if (!one.trace) return;
    const frames = bundle.values(one.trace.frames);
    const values = /** @type {Float32Array} */ (bundle.values(one.trace.values));
    const low = values.reduce((a, b) => Math.min(a, b), Infinity);
    const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
    const pen = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    pen.strokeStyle = style.getPropertyValue("--trace").trim();
    pen.lineWidth = devicePixelRatio;
    pen.beginPath();
    frames.forEach((frame, index) => {
      const x = (frame / Math.max(one.trace.length - 1, 1)) * canvas.width;
      const y = canvas.height * (0.95 - (0.9 * (values[index] - low)) / Math.max(high - low, 1e-30));
      pen.lineTo(x, y);
    });
    pen.stroke();
    const rate = bundle.header.recordings[0].frame_rate_hz;
    find("[data-look-length]").textContent = rate ? `${Math.round(one.trace.length / rate)} s` : `${one.trace.length} frames`;
  }
}
