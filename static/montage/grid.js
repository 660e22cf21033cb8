// The wall of masks.

import { paint } from "./bundle.js";

/** @param {string} selector @returns {any} */
const find = (selector) => document.querySelector(selector);

/** @param {string | number} code @returns {Node} */
function shapeOf(code) {
  const shapes = find("template[data-shapes]").content;
  return shapes.querySelector(`[data-shape="${code}"]`).firstElementChild.cloneNode(true);
}

export class Grid {
  /** @param {(place: number) => void} clicked @param {(place: number) => void} pointed */
  constructor(clicked, pointed) {
    this.element = find("[data-grid]");
    /** @type {HTMLButtonElement[]} */
    this.tiles = [];
    this.columns = 6;
    const placeOf = (/** @type {Event} */ event) => {
      const tile = event.target instanceof Element && event.target.closest(".montage-tile");
      return tile instanceof HTMLButtonElement ? this.tiles.indexOf(tile) : -1;
    };
    this.element.addEventListener("click", (/** @type {Event} */ event) => placeOf(event) >= 0 && clicked(placeOf(event)));
    // Moves, not entries: a grid that is drawn anew under a resting pointer points at nothing.
    this.element.addEventListener("pointermove", (/** @type {Event} */ event) => placeOf(event) >= 0 && pointed(placeOf(event)));
  }

  /** @param {import("./sheet.js").Sheet} sheet @param {import("./bundle.js").Bundle} bundle @param {number} side tiles in a row */
  show(sheet, bundle, side) {
    this.columns = side;
    this.element.dataset.side = String(side);
    const masks = new Map(bundle.header.components.map((/** @type {any} */ one) => [one.id, one.mask.levels]));
    this.tiles = sheet.items.map((item) => {
      const tile = document.createElement("button");
      tile.type = "button";
      tile.className = "montage-tile";
      tile.dataset.component = String(item.component);
      const canvas = document.createElement("canvas");
      const described = masks.get(item.component);
      paint(canvas, /** @type {Uint8Array} */ (bundle.values(described)), described.shape);
      const badge = document.createElement("span");
      badge.className = "montage-badge";
      tile.append(canvas, badge);
      return tile;
    });
    this.element.replaceChildren(...this.tiles);
    sheet.items.forEach((_, place) => this.mark(sheet, place));
    this.point(sheet, false);
  }

  clear() {
    this.tiles = [];
    this.element.replaceChildren();
  }

  /** @param {import("./sheet.js").Sheet} sheet @param {number} place */
  mark(sheet, place) {
    const tile = this.tiles[place];
    const mark = sheet.markOf(place);
    const given = sheet.given.size > 0;
    const back = given && !sheet.given.has(place);
    tile.dataset.mark = back ? "back" : sheet.marks.has(place) ? String(mark) : "";
    tile.setAttribute("aria-pressed", String(sheet.marks.has(place)));
    const said = back ? "taken back" : mark === "skip" ? "left out" : find(`template[data-shapes]`).content.querySelector(`[data-shape="${mark}"]`).textContent;
    tile.setAttribute("aria-label", `${place + 1}: ${said}`);
    const badge = /** @type {Element} */ (tile.lastElementChild);
    badge.replaceChildren(...(tile.dataset.mark === "" ? [] : back ? ["↶"] : mark === "skip" ? ["–"] : [shapeOf(mark)]));
  }

  /** Show which tile is the current one. @param {import("./sheet.js").Sheet} sheet @param {boolean} focus */
  point(sheet, focus) {
    this.tiles.forEach((tile, place) => {
      tile.tabIndex = place === sheet.current ? 0 : -1;
      tile.classList.toggle("current", place === sheet.current);
    });
    if (focus) this.tiles[sheet.current]?.focus();
  }
}
