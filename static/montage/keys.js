// The keys of the montage, whatever has the focus; buttons do what their keys do. What the desk
// has a key for has the same one here, changed ones too.

import { actionOf, load, namesOf } from "../desk/bindings.js";
import { Definitions } from "../desk/definitions.js";
import { showKeys } from "../desk/keypanel.js";

/**
 * @typedef {{mark: (mark: import("./sheet.js").Mark) => void, move: (key: string) => boolean, confirm: () => void,
 *   undo: () => void, undoOne: () => void, again: () => void}} Actions
 */

/** The desk's actions that the montage has as well. */
const SHARED = /^(label[1-4]|skip|undo|definitions|help)/;
const CHOOSES = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "Enter", " "]);
const PRESSES = new Set(["Enter", " "]);

/** @param {Actions} actions */
export function listen(actions) {
  const bindings = load();
  const definitions = new Definitions((event) => asked(event, bindings) === "definitions");
  showKeys(bindings);

  /** @param {string} name */
  const act = (name) => {
    if (name === "look") document.body.classList.toggle("looking-closely");
    else if (name === "help") document.querySelector("details.orders")?.toggleAttribute("open");
    else if (name === "definitions") definitions.open();
    else if (name === "skip" || name.startsWith("label")) actions.mark(markOf(name.replace("label", "")));
    else if (name === "confirm" || name === "undo" || name === "undoOne" || name === "again") actions[name]();
  };

  /** Do what a key asks for; false where it is the browser's. @param {KeyboardEvent} event */
  const press = (event) => {
    // A dialog has the keys: what is typed in it marks nothing.
    if (document.querySelector("dialog[open]")) return false;
    const shared = asked(event, bindings);
    const { key } = event;
    const explained = document.querySelector("details.orders[open]");
    if (explained && (key === "Escape" || shared === "help")) {
      explained.removeAttribute("open");
      return true;
    }
    if (isOf(event.target, key)) return false;
    // What the explanation covers nobody confirms.
    if (explained && key === "Enter") return true;
    if (!shared && (event.altKey || event.ctrlKey || event.metaKey)) return false;
    if (!shared && actions.move(key)) return true;
    const name = shared ?? (key === "Enter" ? "confirm" : key === " " ? "look" : namesOf(event).includes("x") ? "undoOne" : "");
    if (name && !event.repeat) act(name);
    return name !== "";
  };

  document.addEventListener("keydown", (event) => { if (press(event)) event.preventDefault(); }, { capture: true });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button[data-mark-as], button[data-action]");
    if (!(button instanceof HTMLButtonElement)) return;
    const { markAs, action } = button.dataset;
    if (markAs) actions.mark(markOf(markAs));
    else act(action || "");
  });
}

/** @param {string} text @returns {import("./sheet.js").Mark} */
const markOf = (text) => (text === "skip" ? "skip" : /** @type {1 | 2 | 3 | 4} */ (Number(text)));

/** The action that a press asks for, of those that the desk has as well. @param {KeyboardEvent} event @param {import("../desk/bindings.js").Bindings} bindings */
function asked(event, bindings) {
  const { key, code, ctrlKey, metaKey, altKey, shiftKey } = event;
  const altGraph = event.getModifierState("AltGraph");
  const found = actionOf({ key, code, ctrlKey, metaKey, altKey, shiftKey, altGraph }, bindings);
  // Nothing is left out with a reason here.
  return found && (SHARED.exec(found)?.[1] ?? null);
}

/** Whether the key is for what has the focus: a list that is walked through, a button. @param {EventTarget | null} target @param {string} key */
function isOf(target, key) {
  if (target instanceof HTMLSelectElement || target instanceof HTMLInputElement) return CHOOSES.has(key);
  if (!(target instanceof Element) || target.closest(".montage-tile")) return false;
  return target.closest("a, button, summary") !== null && PRESSES.has(key);
}
