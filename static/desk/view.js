// What the desk shows: a component on the stage, and counts.

import { find } from "../dom.js";
import { Stage } from "./stage.js";
import { showFacts } from "./tools.js";

export class View {
  constructor() {
    this.stage = new Stage();
    /** @type {import("./ahead.js").Work | null} */
    this.work = null;
    this.shownAt = 0;
  }

  /** Whether the component can be seen, so that an answer is about it. */
  get painted() {
    return this.work !== null && this.work.view !== null;
  }

  /** What keys and buttons change of the drawing. */
  get actions() {
    return this.stage.actions;
  }

  /** @param {import("./ahead.js").Work} work */
  show(work) {
    this.work = work;
    find("[data-work]").hidden = false;
    find("[data-empty]").hidden = true;
    this.#paint();
    if (work.view) return;
    work.ready.then(() => {
      if (this.work === work) this.#paint();
    });
  }

  /** Draw ahead what comes next. @param {import("./bundle.js").View[]} views */
  prepare(views) {
    this.stage.prepare(views);
  }

  /** Nothing to show yet: what was answered must not look as if it were still asked. */
  wait() {
    this.work = null;
    find("[data-work]").dataset.component = "";
    this.stage.show(null);
    showFacts(null);
  }

  #paint() {
    const { work } = this;
    if (!work) return;
    find("[data-work]").dataset.component = work.view ? String(work.item.component) : "";
    this.stage.show(work.view);
    showFacts(work.view);
    if (work.view) this.shownAt = performance.now();
  }

  /** @param {string} title @param {string} text */
  empty(title, text) {
    this.work = null;
    find("[data-work]").hidden = true;
    find("[data-empty]").hidden = false;
    find("[data-empty-title]").textContent = title;
    find("[data-empty-text]").textContent = text;
  }

  /** @param {{done: number, rate: number | null}} pace @param {number | null} remaining */
  progress(pace, remaining) {
    find("[data-done]").textContent = String(pace.done);
    find("[data-rate]").textContent = pace.rate === null ? "–" : pace.rate.toFixed(0);
    const left = find("[data-remaining]");
    left.hidden = remaining === null;
    if (remaining !== null) find("b", HTMLElement, left).textContent = String(remaining);
  }

  /** Let a pressed key be seen on its button for a moment. @param {string} selector */
  press(selector) {
    const button = find(`.keys ${selector}`);
    button.classList.add("pressed");
    setTimeout(() => button.classList.remove("pressed"), 120);
  }
}
