// A page's parts. One that is missing is a mistake in its template, told by name.

/**
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {new () => T} [kind]
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function find(selector, kind = /** @type {any} */ (HTMLElement), root = document) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`the page lacks ${selector}`);
  return found;
}

/** A copy of a class's shape and name. @param {string | number} code @returns {Element} */
export function shapeOf(code) {
  const shape = find(`[data-shape="${code}"] > *`, Element, find("template[data-shapes]", HTMLTemplateElement).content);
  return /** @type {Element} */ (shape.cloneNode(true));
}

/** @param {string} text what a person is told now */
export function message(text) {
  find("[data-message]").textContent = text;
}
