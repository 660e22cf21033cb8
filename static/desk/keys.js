// The keys of the desk. They work whatever has the focus; see bindings.js for what each does.

import { actionOf, load } from "./bindings.js";
import { Definitions } from "./definitions.js";
import { showKeys, KeyPanel } from "./keypanel.js";

/** @typedef {import("./bindings.js").Action} Action */
/**
 * @typedef {{answer: (label: number) => void, skip: () => void, skipWithReason: () => void,
 *   note: () => void, undo: () => void, keep: () => void, change: () => void,
 *   discuss: () => void, again: () => void}} Actions
 */

/**
 * Obey keys and buttons.
 * @param {Actions} actions
 * @param {() => Record<string, () => void>} drawing what else there is, as it is at that moment
 */
export function listen(actions, drawing) {
  let bindings = load();
  const panel = new KeyPanel(bindings, (changed) => {
    bindings = changed;
    showKeys(bindings);
  });
  const definitions = new Definitions((event) => wanted(event, bindings) === "definitions");
  showKeys(bindings);

  /** @param {string} name */
  const run = (name) => {
    if (name === "help") return panel.open();
    if (name === "definitions") return definitions.open();
    const label = /^label([1-4])$/.exec(name)?.[1];
    if (label) return actions.answer(Number(label));
    if (name in actions) return actions[/** @type {Exclude<keyof Actions, "answer">} */ (name)]();
    drawing()[name]?.();
  };

  document.addEventListener(
    "keydown",
    (event) => {
      // A dialog has the keys: what is typed in it is no answer.
      if (document.querySelector("dialog[open]")) return;
      const found = wanted(event, bindings);
      const explained = document.querySelector("details.orders[open]");
      if (explained && (found || event.key === "Escape")) {
        // It covers the component: nobody answers what they cannot see.
        explained.removeAttribute("open");
        event.preventDefault();
        return;
      }
      if (!found) return;
      event.preventDefault();
      // A key held down must not label a row of components that nobody has looked at.
      if (event.repeat && !/^(trace|zoom|darker|brighter)/.test(found)) return;
      run(found);
    },
    { capture: true },
  );
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button[data-label], button[data-action]");
    if (!(button instanceof HTMLButtonElement)) return;
    const { label, action } = button.dataset;
    run(label ? `label${label}` : action || "");
  });
}

/** @param {KeyboardEvent} event @param {import("./bindings.js").Bindings} bindings @returns {Action | null} */
function wanted(event, bindings) {
  const { target } = event;
  const moves = event.key.startsWith("Arrow") && !event.code.startsWith("Numpad");
  // Arrows move a slider and walk through a list; no other key means anything to them.
  if (moves && (target instanceof HTMLSelectElement || target instanceof HTMLInputElement)) return null;
  const found = actionOf({ ...press(event), altGraph: event.getModifierState("AltGraph") }, bindings);
  if (found) return found;
  const revealed = !document.querySelector("[data-reveal]")?.hasAttribute("hidden");
  const onLink = target instanceof HTMLAnchorElement;
  return event.key === "Enter" && (revealed || !isControl(target)) && !onLink ? "change" : null;
}

/** @param {KeyboardEvent} event @returns {import("./bindings.js").Press} */
function press({ key, code, ctrlKey, metaKey, altKey, shiftKey }) {
  return { key, code, ctrlKey, metaKey, altKey, shiftKey };
}

/** @param {EventTarget | null} target */
function isControl(target) {
  if (target instanceof HTMLButtonElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLElement && target.tagName === "SUMMARY";
}
