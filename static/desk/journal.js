// localStorage: slow for much, but what is written is there when the call returns. An answer
// is noted here first, so that a tab that is closed right after the key has not lost it.
// What a tab alone remembers goes into sessionStorage the same way: without either, pages work on.

/** @typedef {import("./kept.js").Entry} Entry */
/** @typedef {"localStorage" | "sessionStorage"} Where */

/** @param {string} name @param {string} text @param {Where} [where] @returns {boolean} false where it is full or switched off */
export function write(name, text, where = "localStorage") {
  try {
    window[where].setItem(name, text);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} name @param {Where} [where] @returns {string | null} */
export function read(name, where = "localStorage") {
  try {
    return window[where].getItem(name);
  } catch {
    return null;
  }
}

/** @param {string} name */
export function erase(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // Switched off: nothing is there either.
  }
}

/** @param {Entry} entry @returns {boolean} whether it is noted */
export function note({ key, ...rest }) {
  return write(key, JSON.stringify(rest));
}

/** The entries whose keys begin so, in any order. @param {string} prefix @returns {Entry[]} */
export function noted(prefix) {
  return names()
    .filter((name) => name.startsWith(prefix))
    .flatMap((key) => {
      try {
        return [{ key, ...JSON.parse(read(key) || "") }];
      } catch {
        // Another tab has just struck it out.
        return [];
      }
    });
}

function names() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}
