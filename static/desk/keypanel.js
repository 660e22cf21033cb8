// The panel of all keys, where each can be changed; and the keys written on the buttons.

import { ACTIONS, keep, rebound, shownKey, USUAL } from "./bindings.js";

/** @typedef {import("./bindings.js").Bindings} Bindings */
/** @typedef {import("./bindings.js").Action} Action */

/** Write on every button the key that it has now. @param {Bindings} bindings */
export function showKeys(bindings) {
  for (const label of document.querySelectorAll("kbd[data-key]")) {
    label.textContent = shownKey(bindings[/** @type {HTMLElement} */ (label).dataset.key || ""] || "");
  }
}

export class KeyPanel {
  /** @param {Bindings} bindings @param {(bindings: Bindings) => void} changed */
  constructor(bindings, changed) {
    this.bindings = bindings;
    this.changed = changed;
    this.dialog = /** @type {HTMLDialogElement} */ (document.querySelector("dialog[data-keys]"));
    this.message = /** @type {HTMLElement} */ (this.dialog.querySelector("[data-key-message]"));
    /** The action whose next press becomes its key. @type {Action | null} */
    this.asking = null;
    this.dialog.querySelector("[data-keys-usual]")?.addEventListener("click", () => this.#take({ ...USUAL }));
    this.dialog.addEventListener("keydown", (event) => this.#press(event));
    this.dialog.addEventListener("close", () => this.#ask(null));
    this.#fill();
  }

  open() {
    this.message.textContent = "";
    this.dialog.showModal();
  }

  #fill() {
    const list = /** @type {HTMLElement} */ (this.dialog.querySelector("[data-key-list]"));
    list.replaceChildren(...ACTIONS.map(([action, , words]) => this.#row(action, words)));
  }

  /** @param {Action} action @param {string} words */
  #row(action, words) {
    const row = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.binds = action;
    const key = document.createElement("kbd");
    key.textContent = shownKey(this.bindings[action]);
    button.append(key);
    button.setAttribute("aria-label", `${words}: ${key.textContent}. Press to choose another key`);
    button.addEventListener("click", () => this.#ask(action));
    row.append(button, words);
    return row;
  }

  /** @param {Action | null} action */
  #ask(action) {
    this.asking = action;
    for (const button of this.dialog.querySelectorAll("[data-binds]")) {
      button.classList.toggle("asking", /** @type {HTMLElement} */ (button).dataset.binds === action);
    }
    if (action) this.message.textContent = "Press the new key; Esc leaves it as it is.";
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { asking } = this;
    if (!asking) {
      if (event.key !== "?") return;
      event.preventDefault();
      this.dialog.close();
      return;
    }
    if (["Shift", "AltGraph", "Alt", "Control", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") {
      this.message.textContent = "";
      this.#ask(null);
      return;
    }
    const changed = rebound(this.bindings, asking, event);
    if (!changed) {
      this.message.textContent = `${event.key} is needed for the page itself. Press another.`;
      return;
    }
    this.#take(changed);
    /** @type {HTMLElement | null} */ (this.dialog.querySelector(`[data-binds=${asking}]`))?.focus();
  }

  /** @param {Bindings} bindings */
  #take(bindings) {
    this.bindings = bindings;
    this.asking = null;
    this.message.textContent = "Kept in this browser.";
    keep(bindings);
    this.#fill();
    this.changed(bindings);
  }
}
