// What the small buttons and sliders beside the canvases say of the look.

import { find } from "../dom.js";
import { kindOf } from "./drawing.js";

/** @typedef {import("./bundle.js").View} View */

/** @param {string} selector @param {string} text */
function say(selector, text) {
  const element = find(selector);
  if (element.textContent !== text) element.textContent = text;
}

/** @param {import("./settings.js").Look} look @param {View | null} view */
export function showLook(look, view) {
  const pressed = { smooth: look.smooth, contours: look.contours, alike: look.alike };
  for (const [name, on] of Object.entries(pressed)) find(`[data-action=${name}]`).setAttribute("aria-pressed", String(on));
  say("[data-look=colours]", look.colours);
  say("[data-look=contrast]", `${Math.round(100 * look.contrast)}%`);
  say("[data-look=outline]", look.outline > 0 ? `${Math.round(100 * look.outline)}%` : "off");
  say("[data-look=zoom]", `${look.zoom.toFixed(1)}×`);
  find("input[data-contrast]", HTMLInputElement).value = String(Math.round(100 * look.contrast));
  find("input[data-outline]", HTMLInputElement).value = String(Math.round(100 * look.outline));
  const kind = view && kindOf(view.surroundings, look);
  const here = view?.surroundings.pictures.some((one) => one.kind === kind);
  say("[data-look=picture]", kind ? (here ? kind : `${kind} …`) : view ? "no image" : look.picture);
}

/** A number of seconds or frames in words. @param {number} value @param {string} unit */
function measured(value, unit) {
  return `${value < 10 && unit === "s" ? value.toFixed(2) : value.toFixed(0)} ${unit}`;
}

/** What is told of the trace in words. @param {View | null} view */
export function showFacts(view) {
  const trace = view?.trace;
  find("[data-no-trace]").hidden = !view || Boolean(trace);
  const count = trace ? trace.transients.length : 0;
  say("[data-fact=transients]", trace ? `${count} transient${count === 1 ? "" : "s"}` : "");
  say("[data-fact=snr]", trace && trace.snr !== null ? `SNR ${trace.snr.toFixed(1)}` : "");
  const average = view?.average;
  say("[data-fact=average]", average ? `mean of ${average.count}, ± one SD` : trace ? "no transient to average" : "");
  say("[data-fact=decay]", average && average.decay !== null ? `decay ${measured(average.decay, average.unit)}` : "");
  say("[data-fact=alike]", view?.alike ? `most alike: ${view.alike.component}, r ${view.alike.r.toFixed(2)}` : "");
}
