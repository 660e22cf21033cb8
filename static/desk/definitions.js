// The four classes at hand: criteria and examples, fetched when they are first asked for.

import { get, wordsOf } from "../api.js";
import { find } from "../dom.js";
import { fetchMasks } from "./bundle.js";
import { pixels, quantile } from "./levels.js";
import { load } from "./settings.js";

/**
 * @typedef {{component: number, people: number}} Example
 * @typedef {{label: number, title: string, text: string, examples: Example[]}} Definition
 * @typedef {{items: Definition[], masks: Map<number, import("./bundle.js").Grey>}} Found
 */

export class Definitions {
  /** @param {(event: KeyboardEvent) => boolean} opens whether this press is of the key that opens it; it closes it too */
  constructor(opens) {
    this.dialog = find("dialog[data-definitions]", HTMLDialogElement);
    this.state = find("[data-definitions-state]", HTMLElement, this.dialog);
    /** @type {Found | null} */
    this.found = null;
    this.dialog.addEventListener("keydown", (event) => {
      // Just after it was closed, what was focused in it still is: a press then has opened it again.
      if (event.defaultPrevented || event.repeat || !opens(event)) return;
      event.preventDefault();
      this.dialog.close();
    });
  }

  async open() {
    this.dialog.showModal();
    if (this.found) return this.#show(this.found);
    this.state.textContent = "Loading.";
    try {
      const { items, views } = await get("/api/v1/definitions");
      this.found = { items, masks: views ? await fetchMasks(views) : new Map() };
      this.state.textContent = "";
      this.#show(this.found);
    } catch (error) {
      this.state.textContent = `Criteria and examples did not load: ${wordsOf(error)} Close this and open it again.`;
    }
  }

  /** @param {Found} found */
  #show({ items, masks }) {
    const look = load();
    // Who walks back is asked again: what is on screen is no example meanwhile.
    const asked = find("[data-work]").dataset.component;
    for (const one of items) {
      const section = find(`[data-definition="${one.label}"]`, HTMLElement, this.dialog);
      find("[data-criteria]", HTMLElement, section).textContent = one.text;
      const shown = one.examples.filter((each) => String(each.component) !== asked);
      const examples = shown.map((each) => figure(each, one.title, masks.get(each.component), look));
      const none = "No example yet: they come with your own labels, or an admin chooses some.";
      find("[data-examples]", HTMLElement, section).replaceChildren(...(examples.length ? examples : [none]));
    }
  }
}

/** @param {Example} one @param {string} title @param {import("./bundle.js").Grey | undefined} mask @param {import("./settings.js").Look} look */
function figure(one, title, mask, look) {
  const figure = document.createElement("figure");
  figure.className = "example";
  const canvas = document.createElement("canvas");
  canvas.className = look.smooth ? "" : "crisp";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${title}, component ${one.component}`);
  if (mask) {
    canvas.width = mask.columns;
    canvas.height = mask.rows;
    // As the desk draws them, so that they can be compared.
    const white = quantile(mask.levels, look.contrast, true);
    canvas.getContext("2d")?.putImageData(pixels(mask, look.colours, 0, white), 0, 0);
  }
  const words = document.createElement("figcaption");
  words.textContent = one.people > 1 ? `${one.people} people agree` : "1 person";
  figure.append(canvas, words);
  return figure;
}
