// Choosing a cloud with a lasso, by pointer or by keys, and what is then done with it.

import { post, wordsOf } from "../api.js";
import { part } from "./dom.js";

export const MOST = 10_000;
const STEP_PX = 12;

/** @typedef {[number, number]} Pixel */

/** The line that is being drawn, in pixels. */
export class Lasso {
  /** @param {Element} svg @param {(line: Pixel[]) => void} closed */
  constructor(svg, closed) {
    this.polygon = /** @type {SVGPolygonElement} */ (svg.querySelector("polygon"));
    this.cross = /** @type {SVGPathElement} */ (svg.querySelector(".cursor"));
    this.closed = closed;
    /** @type {Pixel[]} */
    this.line = [];
    /** @type {Pixel | null} the cursor of who draws by keys */
    this.cursor = null;
  }

  /** @param {Pixel} pixel */
  add(pixel) {
    const last = this.line[this.line.length - 1];
    if (last && Math.hypot(last[0] - pixel[0], last[1] - pixel[1]) < 3) return;
    this.line.push(pixel);
    this.#draw();
  }

  close() {
    const line = this.line;
    this.clear();
    if (line.length > 2) this.closed(line);
  }

  clear() {
    this.line = [];
    this.cursor = null;
    this.#draw();
  }

  /** @param {KeyboardEvent} event @param {Pixel} middle @returns {boolean} whether the key was one of ours */
  key(event, middle) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (move) {
      const step = event.shiftKey ? 5 * STEP_PX : STEP_PX;
      const [x, y] = this.cursor || middle;
      this.cursor = [x + step * move[0], y + step * move[1]];
    } else if (event.key === " ") {
      this.cursor = this.cursor || middle;
      this.add(this.cursor);
    } else if (event.key === "Enter") {
      this.close();
    } else return false;
    this.#draw();
    return true;
  }

  #draw() {
    const line = this.cursor ? [...this.line, this.cursor] : this.line;
    this.polygon.setAttribute("points", line.map((pixel) => pixel.join(",")).join(" "));
    this.cross.toggleAttribute("hidden", !this.cursor);
    if (this.cursor) this.cross.setAttribute("transform", `translate(${this.cursor.join(",")})`);
  }
}

/** The bar with what is chosen. */
export class Chosen {
  /** @param {HTMLElement} bar @param {(text: string, bad?: boolean) => void} say */
  constructor(bar, say) {
    this.bar = bar;
    this.say = say;
    /** @type {number[]} */
    this.components = [];
    this.busy = false;
  }

  /** @param {number[]} components */
  show(components) {
    this.components = components;
    this.bar.hidden = components.length === 0;
    part(this.bar, "data-chosen-count").textContent = `${components.length.toLocaleString("en")} chosen`;
  }

  /** @param {"montage" | "round"} what */
  async open(what) {
    if (this.busy) return;
    if (this.components.length > MOST) {
      return this.say(`At most ${MOST.toLocaleString("en")} can be opened together. Draw a smaller lasso.`, true);
    }
    this.busy = true;
    this.say("Opening…");
    try {
      const name = `${this.components.length} from the map`;
      const selection = await post("/api/v1/selections", { components: this.components, name });
      if (what === "montage") return location.assign(`/montage?selection=${selection.id}`);
      const round = await post("/api/v1/rounds", {
        selection: selection.id,
        size: this.components.length,
        title: name,
      });
      location.assign(`/rounds/${round.id}`);
    } catch (error) {
      this.say(wordsOf(error), true);
    } finally {
      this.busy = false;
    }
  }
}
