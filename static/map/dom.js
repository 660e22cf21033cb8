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

/** @param {number} code */
export function shapeOf(code) {
  const shapes = /** @type {HTMLTemplateElement} */ (document.querySelector("template[data-shapes]"));
  const found = shapes.content.querySelector(`[data-shape="${code}"] > *`);
  return /** @type {Element} */ (/** @type {Element} */ (found).cloneNode(true));
}

/** @param {string} token */
export function token(token) {
  return getComputedStyle(document.documentElement).getPropertyValue(token);
}
