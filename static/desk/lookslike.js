// Beside a revealed answer: the labeled components that it looks most like, three of each of two
// classes. Asked for after the answer, so that nothing waits for it, and nothing of it is here before.

import { get } from "../api.js";
import { find, shapeOf } from "../dom.js";

/** @typedef {{component: number, urls: {mask_png: string}}} Alike */
/** @typedef {{label: number, nearest: Alike[]}} OfClass */

/**
 * The two classes that it is between: the answer, and the label before where that is another, else
 * what the model holds likeliest beside the answer.
 * @param {number} answer @param {number | null} before @param {number[]} probabilities of classes 1 to 4; may be empty
 * @returns {number[]}
 */
export function competing(answer, before, probabilities) {
  const likely = probabilities.map((_, index) => index + 1).sort((one, other) => probabilities[other - 1] - probabilities[one - 1]);
  const all = [answer, ...(before === null ? [] : [before]), ...likely];
  return [...new Set(all)].slice(0, 2);
}

export class LooksLike {
  constructor() {
    this.root = find("[data-looks]");
    /** The component that is asked about. @type {number | null} */
    this.asked = null;
  }

  /** @param {number} component that was answered @param {number[]} classes */
  async ask(component, classes) {
    this.hide();
    this.asked = component;
    const wanted = classes.map((code) => `classes=${code}`).join("&");
    try {
      const { classes: found } = await get(`/api/v1/components/${component}/looks-like?${wanted}`);
      // Whoever has gone on looks at something else by now.
      if (this.asked === component) this.#show(found);
    } catch {
      // The answer does not depend on it.
    }
  }

  hide() {
    this.asked = null;
    this.root.hidden = true;
  }

  /** @param {OfClass[]} found */
  #show(found) {
    const some = found.some((one) => one.nearest.length);
    find("[data-looks-none]", HTMLElement, this.root).hidden = some;
    find("[data-looks-classes]", HTMLElement, this.root).replaceChildren(...(some ? found.map(rowOf) : []));
    this.root.hidden = false;
  }
}

/** @param {OfClass} one */
function rowOf({ label, nearest }) {
  const name = shapeOf(label);
  const row = document.createElement("div");
  // The shapes' own class names the class: neuron, process, noise, doubtful.
  row.className = `looks-row ${name.classList[1] || ""}`;
  const masks = nearest.map((one) => maskOf(one, name.textContent || ""));
  row.append(name, ...(masks.length ? masks : [quiet("none yet that you may see")]));
  return row;
}

/** @param {Alike} one @param {string} word */
function maskOf(one, word) {
  const link = document.createElement("a");
  Object.assign(link, { href: `/components/${one.component}`, target: "_blank", rel: "noopener" });
  const picture = document.createElement("img");
  Object.assign(picture, { src: one.urls.mask_png, width: 50, height: 50, alt: `component ${one.component}, ${word}` });
  link.append(picture);
  return link;
}

/** @param {string} text */
function quiet(text) {
  const element = document.createElement("span");
  element.className = "quiet small";
  element.textContent = text;
  return element;
}
