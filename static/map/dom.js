// The page's parts, and what they are given.

/** @param {ParentNode} root @param {string} name */
export function part(root, name) {
  const found = root.querySelector(`[${name}]`);
  if (!(found instanceof HTMLElement)) throw new Error(`the page lacks ${name}`);
  return found;
}

/** @param {string} text @param {boolean} [bad] */
export function say(text, bad = false) {
  const place = part(document, "data-message");
  place.textContent = text;
  place.classList.toggle("bad", bad);
}

/** @param {string} token */
export function token(token) {
  return getComputedStyle(document.documentElement).getPropertyValue(token);
}
