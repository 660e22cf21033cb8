// The keys of the desk. They work whatever has the focus, and by the place of the key as well as
// by its letter, so that layouts with shifted digits and the numeric pad work too.

/**
 * @typedef {{answer: (label: number) => void, skip: () => void, skipWithReason: () => void,
 *   note: () => void, undo: () => void, keep: () => void, change: () => void, again: () => void}} Actions
 */

const CODES = /^(?:Digit|Numpad)([1-4])$/;

/**
 * The action that a key press asks for, or null.
 * @param {Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">} event
 * @returns {[keyof Actions, number?] | null}
 */
export function actionOf(event) {
  if (event.altKey) return null;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) return key === "z" ? ["undo"] : null;
  const digit = /^[1-4]$/.test(key) ? key : CODES.exec(event.code)?.[1];
  if (digit) return ["answer", Number(digit)];
  if (key === "u") return ["undo"];
  if (key === "s") return [event.shiftKey ? "skipWithReason" : "skip"];
  if (key === "n") return ["note"];
  if (key === "k") return ["keep"];
  if (key === "c") return ["change"];
  return null;
}

/** @param {Actions} actions */
export function listen(actions) {
  document.addEventListener(
    "keydown",
    (event) => {
      // A dialog has the keys: what is typed in it is no answer.
      if (document.querySelector("dialog[open]")) return;
      const revealed = !document.querySelector("[data-reveal]")?.hasAttribute("hidden");
      const onLink = event.target instanceof HTMLAnchorElement;
      const found = actionOf(event) || (event.key === "Enter" && (revealed || !isControl(event.target)) && !onLink ? ["change"] : null);
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
      if (event.repeat) return;
      run(actions, /** @type {[keyof Actions, number?]} */ (found));
    },
    { capture: true },
  );
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button[data-label], button[data-action]");
    if (!(button instanceof HTMLButtonElement)) return;
    const { label, action } = button.dataset;
    run(actions, label ? ["answer", Number(label)] : [/** @type {keyof Actions} */ (action)]);
  });
}

/** @param {Actions} actions @param {[keyof Actions, number?]} found */
function run(actions, [name, label]) {
  if (name === "answer") actions.answer(label || 0);
  else actions[name]();
}

/** @param {EventTarget | null} target */
function isControl(target) {
  if (target instanceof HTMLButtonElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLElement && target.tagName === "SUMMARY";
}
