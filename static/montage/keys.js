// The keys of the montage, whatever has the focus; buttons do what their keys do.

import { namesOf } from "../desk/bindings.js";

/**
 * @typedef {{mark: (mark: import("./sheet.js").Mark) => void, move: (key: string) => boolean, confirm: () => void,
 *   undo: () => void, undoOne: () => void, again: () => void}} Actions
 */

/** @type {Record<string, string>} */
const LETTERS = { u: "undo", x: "undoOne", "?": "help" };

/** @param {Actions} actions */
export function listen(actions) {
  document.addEventListener("keydown", (event) => { if (press(actions, event)) event.preventDefault(); }, { capture: true });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button[data-mark-as], button[data-action]");
    if (!(button instanceof HTMLButtonElement)) return;
    const { markAs, action } = button.dataset;
    if (markAs) actions.mark(markOf(markAs));
    else act(actions, action || "");
  });
}

/** @param {string} text @returns {import("./sheet.js").Mark} */
const markOf = (text) => (text === "skip" ? "skip" : /** @type {1 | 2 | 3 | 4} */ (Number(text)));

/** @param {Actions} actions @param {string} name */
function act(actions, name) {
  if (name === "look") document.body.classList.toggle("looking-closely");
  else if (name === "help") document.querySelector("details.orders")?.toggleAttribute("open");
  else if (name === "confirm" || name === "undo" || name === "undoOne" || name === "again") actions[name]();
}

/** Do what a key asks for; false where it is the browser's. @param {Actions} actions @param {KeyboardEvent} event */
function press(actions, event) {
  // A dialog has the keys: what is typed in it marks nothing.
  if (document.querySelector("dialog[open]")) return false;
  if (event.altKey) return false;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const explained = document.querySelector("details.orders[open]");
  if (explained && (key === "Escape" || key === "?")) {
    explained.removeAttribute("open");
    return true;
  }
  if (event.ctrlKey || event.metaKey) {
    if (key !== "z") return false;
    if (!event.repeat) actions.undo();
    return true;
  }
  const choosing = event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement;
  if (choosing && (key.startsWith("Arrow") || key === "Home" || key === "End" || key === "Enter" || key === " ")) return false;
  const onTile = event.target instanceof Element && event.target.closest(".montage-tile") !== null;
  const onControl = !onTile && event.target instanceof Element && event.target.closest("a, button, summary") !== null;
  if (onControl && (key === "Enter" || key === " ")) return false;
  // What the explanation covers nobody confirms.
  if (explained && key === "Enter") return true;
  if (actions.move(key)) return true;
  // As on the desk: by what is written on the key, then by its place on an English keyboard.
  const names = namesOf(event);
  const digit = names.find((one) => /^[1-4]$/.test(one));
  if (digit || names.includes("s")) {
    if (!event.repeat) actions.mark(markOf(digit || "skip"));
    return true;
  }
  const name = key === "Enter" ? "confirm" : key === " " ? "look" : names.map((one) => LETTERS[one]).find(Boolean);
  if (!name) return false;
  if (!event.repeat) act(actions, name);
  return true;
}
