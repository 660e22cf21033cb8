// Which key does what: by its letter, and by its place where the layout has another letter there.

import { read, write } from "./journal.js";

/** Every action of the desk with its key and its words, in the order of the panel of keys. */
export const ACTIONS = /** @type {const} */ ([
  ["label1", "1", "neuron"],
  ["label2", "2", "process"],
  ["label3", "3", "noise"],
  ["label4", "4", "doubtful neuron"],
  ["undo", "u", "take the last answer back (Ctrl-Z too)"],
  ["skip", "s", "skip"],
  ["skipWithReason", "S", "skip and say why"],
  ["note", "n", "write a note"],
  ["definitions", "e", "the four classes: criteria and examples"],
  ["keep", "k", "keep the old label, in a round"],
  ["change", "c", "change it, in a round (Enter too)"],
  ["discuss", "d", "put it up for discussion, in a round"],
  ["smooth", "m", "mask smooth or crisp"],
  ["colours", "g", "colours: grey, viridis, inferno"],
  ["brighter", "]", "more contrast"],
  ["darker", "[", "less contrast"],
  ["outline", "o", "outline of the mask: next level"],
  ["picture", "i", "next image of the surroundings"],
  ["contours", "h", "hide or show contours"],
  ["zoomIn", "+", "surroundings nearer"],
  ["zoomOut", "-", "surroundings wider"],
  ["zoomReset", "0", "whole surroundings"],
  ["alike", "t", "trace of the neighbour most alike"],
  ["traceIn", "ArrowUp", "trace: nearer"],
  ["traceOut", "ArrowDown", "trace: wider"],
  ["traceLeft", "ArrowLeft", "trace: earlier"],
  ["traceRight", "ArrowRight", "trace: later"],
  ["traceAll", "f", "trace: all of it"],
  ["help", "?", "this panel"],
]);

/** @typedef {(typeof ACTIONS)[number][0]} Action */
/** @typedef {Record<string, string>} Bindings action to key */
/** @typedef {Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">} Press */

const KEPT = "somata.keys";
const PLACE = /^(?:Digit|Numpad)([0-9])$/;
const ON_PAD = { NumpadAdd: "+", NumpadSubtract: "-" };
const SHOWN = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", " ": "space", Escape: "Esc" };
// These move the focus, close dialogs and press buttons, or are no key of their own.
const TAKEN = new Set(["Tab", "Escape", "Enter", "Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "Dead", "Process", "Unidentified"]);

/** @type {Readonly<Bindings>} */
export const USUAL = Object.freeze(Object.fromEntries(ACTIONS.map(([action, key]) => [action, key])));

/**
 * What a press may be bound as, the likeliest first: on the numeric pad its digit, then the letter,
 * then the digit or letter that an English keyboard has in its place.
 * @param {Press} press
 * @returns {string[]}
 */
export function namesOf({ key, code, shiftKey }) {
  const digit = PLACE.exec(code)?.[1];
  const onPad = code.startsWith("Numpad") && (digit || ON_PAD[/** @type {keyof ON_PAD} */ (code)]);
  const letter = /^[a-z]$/i.test(key) ? (shiftKey ? key.toUpperCase() : key.toLowerCase()) : key;
  const names = onPad ? [onPad, letter] : [letter];
  // Capitals are bound to few actions; elsewhere Shift, or a Caps Lock, changes nothing.
  if (letter !== letter.toLowerCase() && letter.length === 1) names.push(letter.toLowerCase());
  if (digit) names.push(digit);
  const place = /^Key([A-Z])$/.exec(code)?.[1].toLowerCase();
  if (place && !/^[ -~]$/.test(key)) names.push(shiftKey ? place.toUpperCase() : place, place);
  if (code === "BracketLeft" || code === "BracketRight") names.push(code === "BracketLeft" ? "[" : "]");
  return names;
}

/** The action that a press asks for, or null. @param {Press & {altGraph?: boolean}} press @param {Bindings} bindings @returns {Action | null} */
export function actionOf(press, bindings) {
  if (!press.altGraph) {
    if (press.altKey) return null;
    if (press.ctrlKey || press.metaKey) return press.key.toLowerCase() === "z" && !press.shiftKey ? "undo" : null;
  }
  for (const name of namesOf(press)) {
    const found = ACTIONS.find(([action]) => bindings[action] === name);
    if (found) return found[0];
  }
  return null;
}

/**
 * The bindings with another key for an action; whatever had that key gets the old one.
 * @param {Bindings} bindings @param {Action} action @param {Press} press
 * @returns {Bindings | null} null where that key cannot be bound
 */
export function rebound(bindings, action, press) {
  if (TAKEN.has(press.key) || press.ctrlKey || press.metaKey) return null;
  const [key] = namesOf(press);
  const changed = { ...bindings, [action]: key };
  const loser = ACTIONS.find(([other]) => other !== action && bindings[other] === key);
  if (loser) changed[loser[0]] = bindings[action];
  return changed;
}

/** How a key is written on its button. @param {string} key */
export function shownKey(key) {
  return SHOWN[/** @type {keyof SHOWN} */ (key)] || key;
}

/** The bindings that were kept, where they still hold. @returns {Bindings} */
export function load() {
  const bindings = { ...USUAL };
  try {
    const kept = JSON.parse(read(KEPT) || "{}");
    for (const [action, key] of Object.entries(kept)) {
      if (action in USUAL && typeof key === "string" && key) bindings[action] = key;
    }
    // An action that came with a newer version takes a key that is free.
    for (const [action, key] of ACTIONS) {
      const taken = new Set(ACTIONS.filter(([other]) => other !== action).map(([other]) => bindings[other]));
      if (!(action in kept) && taken.has(key)) bindings[action] = Object.values(USUAL).find((one) => !taken.has(one)) || key;
    }
  } catch {
    return { ...USUAL };
  }
  return new Set(Object.values(bindings)).size === ACTIONS.length ? bindings : { ...USUAL };
}

/** @param {Bindings} bindings */
export function keep(bindings) {
  // Where there is no room for them, they hold until the page is left.
  write(KEPT, JSON.stringify(bindings));
}
