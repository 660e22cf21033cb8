// The large view of one component: mask, surroundings, trace.

import { wordsOf } from "../api.js";
import { fetchViews } from "../desk/bundle.js";
import { drawMask, drawSurroundings } from "../desk/drawing.js";
import { Pane } from "../desk/pane.js";
import { USUAL } from "../desk/settings.js";
import { themeOf } from "../desk/stage.js";
import { TracePane } from "../desk/tracepane.js";
import { find } from "../dom.js";

const SETTLE_MS = 60;
const MOST_KEPT = 300;

/** @param {string} name */
const canvas = (name) => find(`canvas[data-look-${name}]`, HTMLCanvasElement);

export class Look {
  constructor() {
    /** @type {Map<number, import("../desk/bundle.js").View>} */
    this.kept = new Map();
    /** @type {number | null} */
    this.component = null;
    this.timer = 0;
    const stage = { look: USUAL, theme: themeOf() };
    this.mask = new Pane(canvas("mask"), (pen, size, view) => drawMask(pen, size, view, USUAL));
    this.context = new Pane(canvas("context"), (pen, size, view) => drawSurroundings(pen, size, view, USUAL));
    this.trace = new TracePane(canvas("trace"), stage);
    document.addEventListener("somata:theme", () => {
      stage.theme = themeOf();
      this.trace.pane.redraw();
    });
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
      const view = (await fetchViews(`/api/v1/components/views?ids=${component}&parts=mask,context,trace&images=${USUAL.picture}`)).get(component);
      if (this.kept.size > MOST_KEPT) this.kept.clear();
      if (view) this.kept.set(component, view);
    } catch (error) {
      if (this.component !== component) return;
      this.component = null;
      find("[data-look-name]").textContent = `component ${component} · its surroundings did not come (${wordsOf(error)}); point at it again`;
      return;
    }
    this.#paint();
  }

  #paint() {
    const view = this.component === null ? undefined : this.kept.get(this.component);
    if (!view) return;
    find("[data-look-no-trace]").hidden = view.trace !== null;
    this.trace.restart(view);
    for (const pane of [this.mask, this.context, this.trace.pane]) pane.show(view);
  }
}
