// The map's page: what is shown and how it answers to pointer and keys.

import { wordsOf } from "../api.js";
import { shapeOf } from "../dom.js";
import { followJobs } from "../live.js";
import { Card } from "./card.js";
import { Chosen, Lasso } from "./choose.js";
import { colouring, drawingOrder, rgb } from "./colours.js";
import { webgl } from "./draw.js";
import { part, say, token } from "./dom.js";
import { Grid, View, inside } from "./geometry.js";
import { listen } from "./gestures.js";
import { showLegend } from "./legend.js";
import { load, rowOf } from "./points.js";
import { raster } from "./raster.js";

/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("./colours.js").By} By */

const NEAR_PX = 12;

const area = part(document, "data-map");
const canvas = /** @type {HTMLCanvasElement} */ (part(document, "data-points-canvas"));
const colourChoice = /** @type {HTMLSelectElement} */ (part(document, "data-colour"));
const recordingChoice = /** @type {HTMLSelectElement} */ (part(document, "data-recording"));

/** Everything on the page, and what a person can do to it. */
export class MapPage {
  /** @param {Points} points */
  constructor(points) {
    this.points = points;
    this.view = new View(points.places);
    this.grid = new Grid(points.places);
    const card = webgl(canvas, points.places);
    this.painter = card || raster(canvas, points.places, () => rgb(token("--panel")));
    this.card = new Card(part(area, "data-card"), points, shapeOf);
    this.chosen = new Chosen(part(area, "data-chosen"), say);
    this.lasso = new Lasso(/** @type {Element} */ (area.querySelector("[data-lasso]")), (line) => this.#choose(line));
    this.mark = /** @type {SVGElement} */ (area.querySelector("[data-lasso] .mark"));
    this.names = new Map([...recordingChoice.options].map((one) => [Number(one.value), one.text]));
    /** @type {Set<number>} codes that are hidden */
    this.hidden = new Set();
    this.lassoing = false;
    this.asked = false;
    this.pinned = -1;
    this.dimmed = new Uint8Array(points.count);
    this.what = this.#colouring();
    new ResizeObserver(() => this.#resize()).observe(area);
    this.#resize();
    this.view.all();
    this.recolour();
    this.#listen();
    area.dataset.painter = card ? "webgl" : "raster";
    say("");
  }

  #colouring() {
    const light = document.documentElement.dataset.theme === "light";
    return colouring(/** @type {By} */ (colourChoice.value), this.points, this.names, token, light);
  }

  recolour() {
    this.what = this.#colouring();
    showLegend(part(document, "data-legend"), this.what, this.hidden, shapeOf, () => this.refilter());
    this.refilter();
  }

  refilter() {
    const { codes, palette, shaped } = this.what;
    this.painter.set(codes, palette, drawingOrder(codes, (row) => this.#wanted(row)), shaped);
    this.painter.dim(this.dimmed, this.chosen.components.length > 0);
    this.draw();
  }

  /** @param {number} row */
  #wanted(row) {
    const only = Number(recordingChoice.value);
    return !this.hidden.has(this.what.codes[row]) && (!only || this.points.recordings[row] === only);
  }

  #resize() {
    const ratio = devicePixelRatio || 1;
    const before = this.view.whole;
    this.view.resize(area.clientWidth, area.clientHeight);
    this.view.scale *= this.view.whole / before;
    canvas.width = Math.round(this.view.width * ratio);
    canvas.height = Math.round(this.view.height * ratio);
    this.draw();
  }

  draw() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      const { x, y, scale, whole, width, height } = this.view;
      this.painter.draw({ middle: [x, y], scale, whole, width, height, ratio: canvas.width / width });
      if (this.pinned >= 0) this.#showCard(this.pinned);
    });
  }

  /** @param {number} row */
  #showCard(row) {
    const { places } = this.points;
    const at = this.view.pixel(places[2 * row], places[2 * row + 1]);
    this.card.show(row, at, [this.view.width, this.view.height]);
    this.mark.setAttribute("transform", `translate(${at.join(",")})`);
    this.mark.toggleAttribute("hidden", false);
  }

  #hideCard() {
    this.card.hide();
    this.mark.toggleAttribute("hidden", true);
  }

  /** @param {number} row */
  pin(row) {
    this.pinned = row;
    if (row < 0) return this.#hideCard();
    this.#showCard(row);
    part(area, "data-words").textContent = this.card.words;
  }

  /** @param {[number, number][]} line in pixels */
  #choose(line) {
    const { places, components } = this.points;
    const rows = inside(places, line.map(([left, top]) => this.view.place(left, top)), (row) => this.#wanted(row));
    this.setLassoing(false);
    this.dimmed.fill(rows.length ? 1 : 0);
    for (const row of rows) this.dimmed[row] = 0;
    this.chosen.show(rows.map((row) => components[row]));
    say(rows.length ? "" : "No component lies in the lasso.");
    this.refilter();
  }

  clear() {
    this.lasso.clear();
    this.setLassoing(false);
    this.pin(-1);
    this.dimmed.fill(0);
    this.chosen.show([]);
    say("");
    this.refilter();
  }

  /** @param {boolean} on */
  setLassoing(on) {
    this.lassoing = on;
    area.classList.toggle("lassoing", on);
    area.querySelector("[data-do=lasso]")?.setAttribute("aria-pressed", String(on));
    if (!on) this.lasso.clear();
  }

  /** @param {number} key */
  find(key) {
    const row = rowOf(this.points, key);
    if (row < 0) return say(`Component ${key} is not on the map.`, true);
    const { places } = this.points;
    this.view.x = places[2 * row];
    this.view.y = places[2 * row + 1];
    this.view.scale = Math.max(this.view.scale, 5 * this.view.whole);
    this.pin(row);
    this.draw();
  }

  /** Step to what is nearest to the middle and was not stepped to yet. */
  next() {
    const { x, y } = this.view;
    this.seen = this.seen && this.seen.x === x && this.seen.y === y ? this.seen : { x, y, rows: new Set() };
    const { rows } = this.seen;
    const row = this.grid.nearest(x, y, 3, (one) => !rows.has(one) && this.#wanted(one));
    rows.add(row);
    this.pin(row);
  }

  /** @param {string} what a tool or a key's meaning */
  do(what) {
    if (what === "in" || what === "out") this.view.zoom(what === "in" ? 1.5 : 1 / 1.5);
    else if (what === "all") this.view.all();
    else if (what === "lasso") this.setLassoing(!this.lassoing);
    else if (what === "clear") this.clear();
    else if (what === "montage" || what === "round") this.chosen.open(what);
    this.draw();
  }

  /** @param {number} row */
  open(row) {
    location.assign(`/components/${this.points.components[row]}`);
  }

  #listen() {
    listen(this, area, canvas);
    area.addEventListener("click", (event) => {
      const button = event.target instanceof Element && event.target.closest("[data-do]");
      if (button instanceof HTMLElement) this.do(button.dataset.do || "");
    });
    colourChoice.addEventListener("change", () => {
      this.hidden.clear();
      this.recolour();
    });
    recordingChoice.addEventListener("change", () => this.refilter());
    document.addEventListener("somata:theme", () => this.recolour());
    canvas.addEventListener("webglcontextlost", () => say("The graphics card has dropped the map. Load the page again.", true));
    part(document, "data-search").addEventListener("submit", (event) => {
      event.preventDefault();
      this.find(Number(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("number")));
    });
  }

  /** The pointer is over nothing: a card that was not asked for goes. */
  leave() {
    if (this.pinned < 0) this.#hideCard();
  }

  /** @param {number} left @param {number} top */
  near(left, top) {
    const [x, y] = this.view.place(left, top);
    return this.grid.nearest(x, y, NEAR_PX / this.view.scale, (row) => this.#wanted(row));
  }

  /** @param {number} left @param {number} top */
  hover(left, top) {
    const row = this.near(left, top);
    area.classList.toggle("over", row >= 0);
    if (row >= 0) {
      this.pinned = -1;
      this.#showCard(row);
    } else this.leave();
  }
}

followJobs();
try {
  new MapPage(await load(area.dataset.points || ""));
  area.dataset.ready = "";
} catch (error) {
  say(`The map could not be drawn: ${wordsOf(error)}. Load the page again.`, true);
}
