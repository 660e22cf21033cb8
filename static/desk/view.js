// What the desk draws: mask, surroundings, trace, counts, messages.

import { TracePlot } from "../plot.js";

/** @param {string} selector @returns {any} */
const find = (selector) => document.querySelector(selector);

export class View {
  constructor() {
    this.mask = find("[data-mask]");
    this.context = find("[data-context]");
    this.plot = new TracePlot(find("[data-trace]"));
    /** @type {import("./ahead.js").Work | null} */
    this.work = null;
    this.shownAt = 0;
  }

  /** Whether the component can be seen, so that an answer is about it. */
  get painted() {
    return this.work !== null && this.work.mask !== null;
  }

  /** @param {import("./ahead.js").Work} work */
  show(work) {
    this.work = work;
    find("[data-work]").hidden = false;
    find("[data-empty]").hidden = true;
    this.#paint();
    if (work.mask && work.context && work.trace) return;
    work.ready.then(() => {
      if (this.work === work) this.#paint();
    });
  }

  /** Nothing to show yet: what was answered must not look as if it were still asked. */
  wait() {
    this.work = null;
    find("[data-work]").dataset.component = "";
    draw(this.mask, null, false);
    draw(this.context, null, true);
    this.plot.show(null);
  }

  #paint() {
    const work = this.work;
    if (!work) return;
    find("[data-work]").dataset.component = work.mask ? work.item.component : "";
    draw(this.mask, work.mask, false);
    draw(this.context, work.context, true);
    this.plot.show(work.trace?.times.length ? work.trace : null);
    find("[data-no-trace]").hidden = !(work.trace && work.trace.times.length === 0);
    if (work.mask) this.shownAt = performance.now();
  }

  /** @param {string} title @param {string} text */
  empty(title, text) {
    this.work = null;
    find("[data-work]").hidden = true;
    find("[data-empty]").hidden = false;
    find("[data-empty-title]").textContent = title;
    find("[data-empty-text]").textContent = text;
  }

  /** @param {string} text */
  message(text) {
    find("[data-message]").textContent = text;
  }

  /** @param {{state: string, waiting: number}} outbox */
  saved({ state, waiting }) {
    const badge = find("[data-saved]");
    badge.className = `saved ${state === "signed-out" ? "stopped" : state}`;
    const words = state === "saved" ? "all saved" : `${waiting} waiting`;
    if (badge.textContent !== words) badge.textContent = words;
  }

  /** @param {{done: number, rate: number | null}} pace @param {number | null} remaining */
  progress(pace, remaining) {
    find("[data-done]").textContent = String(pace.done);
    find("[data-rate]").textContent = pace.rate === null ? "–" : pace.rate.toFixed(0);
    const left = find("[data-remaining]");
    left.hidden = remaining === null;
    if (remaining !== null) left.querySelector("b").textContent = String(remaining);
  }

  /** Let a pressed key be seen on its button for a moment. @param {string} selector */
  press(selector) {
    const button = find(`.keys ${selector}`);
    if (!button) return;
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), 120);
  }
}

/** @param {HTMLCanvasElement} canvas @param {HTMLImageElement | null} image @param {boolean} smooth */
function draw(canvas, image, smooth) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  if (!image) {
    pen.clearRect(0, 0, canvas.width, canvas.height);
    return;
  }
  if (canvas.width !== image.naturalWidth || canvas.height !== image.naturalHeight) {
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
  }
  pen.imageSmoothingEnabled = smooth;
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
}
