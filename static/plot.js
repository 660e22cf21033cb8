// A trace drawn with uPlot, in the colours of the theme.

import uPlot from "./vendor/uplot/uPlot.esm.js";

/** @typedef {{times: number[], values: number[], unit: string}} Trace */

/** A plot that fills its element and can be given one trace after another. */
export class TracePlot {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    /** @type {Trace | null} */
    this.trace = null;
    /** @type {uPlot | null} */
    this.plot = null;
    new ResizeObserver(() => this.#resize()).observe(element);
    document.addEventListener("somata:theme", () => this.#rebuild());
  }

  /** @param {Trace | null} trace null while it is on its way, or where there is none */
  show(trace) {
    const unitChanged = trace !== null && this.trace !== null && trace.unit !== this.trace.unit;
    if (trace !== null) this.trace = trace;
    if (this.plot && !unitChanged) this.plot.setData(trace ? [trace.times, trace.values] : [[], []]);
    else if (trace) this.#rebuild();
  }

  #rebuild() {
    this.plot?.destroy();
    this.plot = null;
    if (!this.trace) return;
    const style = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--quiet"),
      grid: { stroke: colour("--grid"), width: 1 },
      ticks: { stroke: colour("--grid"), width: 1 },
    };
    const unit = this.trace.unit;
    this.plot = new uPlot(
      {
        ...this.#size(),
        legend: { show: false },
        cursor: { y: false, points: { show: false } },
        scales: { x: { time: false } },
        axes: [
          { ...axis, size: 34, values: (_plot, ticks) => ticks.map((tick) => `${tick} ${unit}`) },
          { ...axis, size: 56 },
        ],
        series: [{}, { stroke: colour("--trace"), width: 1, points: { show: false } }],
      },
      [this.trace.times, this.trace.values],
      this.element,
    );
  }

  #size() {
    return { width: this.element.clientWidth, height: Math.max(this.element.clientHeight, 120) };
  }

  #resize() {
    if (this.plot) this.plot.setSize(this.#size());
  }
}
