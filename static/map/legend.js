// The legend: what the colours mean and how many there are; each entry shows or hides its points.

/** @typedef {import("./colours.js").Colouring} Colouring */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {HTMLElement} place @param {Colouring} what @param {Set<number>} hidden codes
 * @param {(code: number) => Element} shapeOf a copy of a class's shape and name
 * @param {() => void} changed
 */
export function showLegend(place, what, hidden, shapeOf, changed) {
  place.replaceChildren();
  if (what.ramp) {
    place.append(ramp(what.palette));
    return;
  }
  for (const entry of what.entries) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.code = String(entry.code);
    const name = document.createElement("span");
    name.className = "legend-name";
    if (entry.shape) name.append(shapeOf(entry.shape));
    else name.append(dot(what.palette, entry.code), entry.name);
    const count = document.createElement("span");
    count.className = "legend-count number";
    count.textContent = entry.count.toLocaleString("en");
    button.append(name, count);
    const press = () => button.setAttribute("aria-pressed", String(!hidden.has(entry.code)));
    press();
    button.title = "Show or hide";
    button.addEventListener("click", () => {
      if (!hidden.delete(entry.code)) hidden.add(entry.code);
      press();
      changed();
    });
    place.append(button);
  }
}

/** @param {Uint8Array} palette @param {number} code */
function dot(palette, code) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "dot");
  svg.setAttribute("viewBox", "0 0 10 10");
  svg.setAttribute("aria-hidden", "true");
  const circle = document.createElementNS(SVG, "circle");
  const [red, green, blue] = palette.subarray(4 * code);
  for (const [name, value] of [["cx", "5"], ["cy", "5"], ["r", "4.6"], ["fill", `rgb(${red}, ${green}, ${blue})`]]) {
    circle.setAttribute(name, value);
  }
  svg.append(circle);
  return svg;
}

/** @param {Uint8Array} palette */
function ramp(palette) {
  const whole = document.createElement("div");
  const canvas = document.createElement("canvas");
  canvas.className = "ramp";
  canvas.width = 255;
  canvas.height = 1;
  const pen = canvas.getContext("2d");
  const colours = new Uint8ClampedArray(palette.slice(4));
  for (let n = 3; n < colours.length; n += 4) colours[n] = 255;
  pen?.putImageData(new ImageData(colours, 255, 1), 0, 0);
  const ends = document.createElement("div");
  ends.className = "ramp-ends";
  for (const text of ["0", "entropy, nats", "ln 4"]) {
    const end = document.createElement("span");
    end.textContent = text;
    ends.append(end);
  }
  whole.append(canvas, ends);
  return whole;
}
