// Everything that is drawn of a component: five canvases, and the look that they share.

import { COLOURS } from "./colours.js";
import { drawMap, drawMask, drawSurroundings } from "./drawing.js";
import { Fields } from "./fields.js";
import { Pane } from "./pane.js";
import { keep, LEAST_CONTRAST, load, MOST_ZOOM, within } from "./settings.js";
import { showLook } from "./tools.js";
import { drawAverage } from "../plot.js";
import { TracePane } from "./tracepane.js";

/** @typedef {import("./bundle.js").View} View */
/** @typedef {import("./settings.js").Look} Look */

const CONTRAST_STEP = 0.03;
const OUTLINES = [0, 0.2, 0.35, 0.5, 0.7];
const ZOOM_STEP = 1.25;
const AHEAD = 3;

/** @param {string} name @returns {HTMLCanvasElement} */
const canvas = (name) => /** @type {HTMLCanvasElement} */ (document.querySelector(`canvas[data-${name}]`));

export class Stage {
  constructor() {
    this.look = load();
    this.theme = themeOf();
    this.mask = new Pane(canvas("mask"), (pen, size, view) => drawMask(pen, size, view, this.look));
    this.context = new Pane(canvas("context"), (pen, size, view) => drawSurroundings(pen, size, view, this.look));
    this.map = new Pane(canvas("map"), (pen, size, view) => drawMap(pen, size, view, this.look, this.theme));
    this.average = new Pane(canvas("average"), (pen, size, view) => {
      pen.fillStyle = this.theme.panel;
      pen.fillRect(0, 0, size.width, size.height);
      if (view.average) drawAverage(pen, size, view.average, this.theme);
    });
    this.trace = new TracePane(canvas("trace"), this);
    this.panes = [this.mask, this.context, this.trace.pane, this.average, this.map];
    /** @type {View | null} */
    this.view = null;
    /** All that is here of what comes. @type {View[]} */
    this.coming = [];
    this.preparing = 0;
    this.fields = new Fields(this.look.picture, () => this.#pictureCame());
    document.addEventListener("somata:theme", () => {
      this.theme = themeOf();
      this.#repaint(this.panes);
    });
    this.context.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? ZOOM_STEP ** 0.5 : ZOOM_STEP ** -0.5);
    }, { passive: false });
    for (const name of /** @type {const} */ (["contrast", "outline"])) {
      const slider = document.querySelector(`input[data-${name}]`);
      slider?.addEventListener("input", () => this.change({ [name]: Number(/** @type {HTMLInputElement} */ (slider).value) / 100 }));
    }
    showLook(this.look, null);
  }

  /** @param {View | null} view */
  show(view) {
    const shownBefore = this.view;
    this.view = view;
    if (view) this.fields.need([view]);
    this.trace.restart(view);
    for (const pane of this.panes) pane.show(view);
    if (view?.surroundings !== shownBefore?.surroundings) showLook(this.look, view);
  }

  /** What is drawn ahead of it. */
  get next() {
    return this.coming.slice(0, AHEAD);
  }

  /** Draw the first of these ahead, when there is time. @param {View[]} views */
  prepare(views) {
    this.coming = views;
    this.fields.need(views);
    if (this.preparing || !views.length) return;
    // Not before the frame that shows this component.
    this.preparing = requestAnimationFrame(() => setTimeout(() => this.#prepareOne()));
  }

  #prepareOne() {
    this.preparing = 0;
    // A canvas at a time: a key that is pressed meanwhile waits for one of them at most.
    for (const view of this.next) {
      for (const pane of this.panes) {
        if (!pane.prepare(view)) continue;
        this.preparing = setTimeout(() => this.#prepareOne(), 0);
        return;
      }
    }
    this.trace.fetchAlike(this.next);
  }

  /** @param {Partial<Look>} changes */
  change(changes) {
    Object.assign(this.look, changes);
    keep(this.look);
    if (changes.picture) {
      this.fields.look(changes.picture);
      this.fields.need(this.#inSight());
    }
    showLook(this.look, this.view);
    const panes = "zoom" in changes || "contours" in changes || "picture" in changes ? [this.context, this.map] : this.panes;
    this.#repaint(panes);
    if (this.view) this.trace.fetchAlike([this.view]);
  }

  /** @param {Pane[]} panes */
  #repaint(panes) {
    for (const pane of panes) {
      pane.forget();
      pane.redraw();
    }
    this.prepare(this.coming);
  }

  /** What is shown and what comes next. @returns {View[]} */
  #inSight() {
    return this.view ? [this.view, ...this.coming] : this.coming;
  }

  #pictureCame() {
    this.fields.need(this.#inSight());
    showLook(this.look, this.view);
    this.#repaint([this.context]);
  }

  /** @param {number} factor */
  zoom(factor) {
    this.change({ zoom: within(this.look.zoom * factor, 1, MOST_ZOOM) });
  }

  /** What keys and buttons do here, by name. @returns {Record<string, () => void>} */
  get actions() {
    const { look } = this;
    const kinds = this.view?.surroundings.kinds.map((one) => one.kind) || [];
    return {
      smooth: () => this.change({ smooth: !look.smooth }),
      colours: () => this.change({ colours: after(COLOURS, look.colours) }),
      darker: () => this.change({ contrast: within(look.contrast + CONTRAST_STEP, LEAST_CONTRAST, 1) }),
      brighter: () => this.change({ contrast: within(look.contrast - CONTRAST_STEP, LEAST_CONTRAST, 1) }),
      outline: () => this.change({ outline: OUTLINES.find((one) => one > look.outline + 0.001) ?? 0 }),
      picture: () => kinds.length && this.change({ picture: after(kinds, kinds.includes(look.picture) ? look.picture : kinds[0]) }),
      contours: () => this.change({ contours: !look.contours }),
      zoomIn: () => this.zoom(ZOOM_STEP),
      zoomOut: () => this.zoom(1 / ZOOM_STEP),
      zoomReset: () => this.change({ zoom: 1 }),
      alike: () => this.change({ alike: !look.alike }),
      traceIn: () => this.trace.zoom(0.5),
      traceOut: () => this.trace.zoom(2),
      traceLeft: () => this.trace.pan(-0.25),
      traceRight: () => this.trace.pan(0.25),
      traceAll: () => this.trace.all(),
    };
  }
}

/** The one after this in a row, and after the last the first. @template T @param {readonly T[]} row @param {T} one @returns {T} */
function after(row, one) {
  return row[(row.indexOf(one) + 1) % row.length];
}

/** @returns {import("./drawing.js").Theme} */
export function themeOf() {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = /** @type {const} */ (["text", "quiet", "line", "grid", "panel", "trace", "accent", "alike", "font"]);
  return /** @type {import("./drawing.js").Theme} */ (Object.fromEntries(names.map((name) => [name, colour(name)])));
}
