// How the desk draws, as this person likes it, kept in the browser.

import { COLOURS } from "./colours.js";
import { read, write } from "./journal.js";

/**
 * contrast: the part of the lit pixels that stay below white. outline: of the maximum; 0 for none.
 * @typedef {{smooth: boolean, colours: import("./colours.js").Colours, contrast: number, outline: number,
 *   picture: string, contours: boolean, zoom: number, alike: boolean}} Look
 */

const KEPT = "somata.look";

/** @type {Readonly<Look>} */
export const USUAL = Object.freeze({
  smooth: false,
  colours: "grey",
  contrast: 0.99,
  outline: 0,
  picture: "mean",
  contours: true,
  zoom: 1,
  alike: false,
});

export const LEAST_CONTRAST = 0.5;
export const MOST_ZOOM = 6;

/** What was kept, as far as it can still be used. @param {unknown} kept @returns {Look} */
export function sound(kept) {
  const look = { ...USUAL };
  if (typeof kept !== "object" || kept === null) return look;
  const given = /** @type {Record<string, unknown>} */ (kept);
  for (const name of /** @type {(keyof Look)[]} */ (Object.keys(USUAL))) {
    if (typeof given[name] === typeof USUAL[name]) Object.assign(look, { [name]: given[name] });
  }
  if (!COLOURS.includes(look.colours)) look.colours = USUAL.colours;
  look.contrast = within(look.contrast, LEAST_CONTRAST, 1);
  look.outline = within(look.outline, 0, 0.9);
  look.zoom = within(look.zoom, 1, MOST_ZOOM);
  return look;
}

/** @param {number} value @param {number} least @param {number} most */
export function within(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

/** @returns {Look} */
export function load() {
  try {
    return sound(JSON.parse(read(KEPT) || "null"));
  } catch {
    return { ...USUAL };
  }
}

/** @param {Look} look */
export function keep(look) {
  // Where there is no room for it, it holds until the page is left.
  write(KEPT, JSON.stringify(look));
}
