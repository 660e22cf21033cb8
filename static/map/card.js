// The card beside a component: its mask, enlarged, and what is known of it.

import { part } from "./dom.js";

/** @typedef {import("./points.js").Points} Points */

/** Shows one component at a time. */
export class Card {
  /** @param {HTMLElement} root @param {Points} points @param {(code: number) => Element} shapeOf */
  constructor(root, points, shapeOf) {
    this.root = root;
    this.points = points;
    this.shapeOf = shapeOf;
    this.row = -1;
  }

  /** @param {number} row @param {[number, number]} at its pixel @param {[number, number]} room width and height */
  show(row, at, room) {
    if (row !== this.row) this.#fill(row);
    this.root.hidden = false;
    const [width, height] = [this.root.offsetWidth, this.root.offsetHeight];
    const left = at[0] + 18 + width < room[0] ? at[0] + 18 : at[0] - 18 - width;
    const top = Math.min(Math.max(at[1] - height / 2, 8), room[1] - height - 8);
    this.root.style.transform = `translate(${Math.max(left, 8)}px, ${Math.max(top, 8)}px)`;
  }

  hide() {
    this.root.hidden = true;
    this.row = -1;
  }

  /** @param {number} row */
  #fill(row) {
    this.row = row;
    const { components, labels, predicted, entropy } = this.points;
    const mask = part(this.root, "data-card-mask");
    if (mask instanceof HTMLImageElement) mask.src = `/api/v1/components/${components[row]}/mask.png`;
    part(this.root, "data-card-number").textContent = `Component ${components[row]}`;
    part(this.root, "data-card-label").replaceChildren(this.shapeOf(labels[row]));
    part(this.root, "data-card-predicted").replaceChildren(predicted[row] ? this.shapeOf(predicted[row]) : "–");
    const nats = entropy[row];
    part(this.root, "data-card-entropy").textContent = Number.isNaN(nats) ? "–" : `${nats.toFixed(2)} nats`;
  }

  /** What a screen reader is told. */
  get words() {
    const facts = [...this.root.querySelectorAll("b, dt, dd")].map((one) => one.textContent);
    return this.row < 0 ? "" : facts.join(", ");
  }
}
