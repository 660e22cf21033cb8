// The wall of masks.

import { pixels } from "../desk/levels.js";
import { find, shapeOf } from "../dom.js";

/** @typedef {import("./sheet.js").Sheet} Sheet */
/** @typedef {import("./pages.js").Masks} Masks */

export class Grid {
  /** @param {(place: number) => void} clicked @param {(place: number) => void} pointed */
  constructor(clicked, pointed) {
    this.element = find("[data-grid]");
    /** @type {HTMLButtonElement[]} */
    this.tiles = [];
    this.columns = 6;
    /** @param {Event} event */
    const placeOf = (event) => {
      const tile = event.target instanceof Element && event.target.closest(".montage-tile");
      return tile instanceof HTMLButtonElement ? this.tiles.indexOf(tile) : -1;
    };
    this.element.addEventListener("click", (event) => placeOf(event) >= 0 && clicked(placeOf(event)));
    // Moves, not entries: a grid that is drawn anew under a resting pointer points at nothing.
    this.element.addEventListener("pointermove", (event) => placeOf(event) >= 0 && pointed(placeOf(event)));
  }

  /** @param {Sheet} sheet @param {Masks} masks @param {number} side tiles in a row */
  show(sheet, masks, side) {
    this.columns = side;
    this.element.dataset.side = String(side);
    this.tiles = sheet.items.map((item) => {
      const tile = document.createElement("button");
      tile.type = "button";
      tile.className = "montage-tile";
      tile.dataset.component = String(item.component);
      const canvas = document.createElement("canvas");
      const mask = masks.get(item.component);
      if (mask) {
        canvas.width = mask.columns;
        canvas.height = mask.rows;
        canvas.getContext("2d")?.putImageData(pixels(mask, "grey", 0, 255), 0, 0);
      }
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

  /** @param {Sheet} sheet @param {number} place */
  mark(sheet, place) {
    const tile = this.tiles[place];
    const mark = sheet.markOf(place);
    const given = sheet.given.size > 0;
    const back = given && !sheet.given.has(place);
    tile.dataset.mark = back ? "back" : sheet.marks.has(place) ? String(mark) : "";
    tile.setAttribute("aria-pressed", String(sheet.marks.has(place)));
    const said = back ? "taken back" : mark === "skip" ? "left out" : shapeOf(mark).textContent;
    tile.setAttribute("aria-label", `${place + 1}: ${said}`);
    const badge = /** @type {Element} */ (tile.lastElementChild);
    badge.replaceChildren(...(tile.dataset.mark === "" ? [] : back ? ["↶"] : mark === "skip" ? ["–"] : [shapeOf(mark)]));
  }

  /** Show which tile is the current one. @param {Sheet} sheet @param {boolean} focus */
  point(sheet, focus) {
    this.tiles.forEach((tile, place) => {
      tile.tabIndex = place === sheet.current ? 0 : -1;
      tile.classList.toggle("current", place === sheet.current);
    });
    if (focus) this.tiles[sheet.current]?.focus();
  }
}
