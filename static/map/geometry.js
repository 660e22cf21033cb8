// Where things are: the view onto the plane, what is near a point, what lies in a lasso. No DOM.

/** A view: which place is in the middle, and how many pixels a unit of the plane takes. */
export class View {
  /** @param {Float32Array} [places] what there is to see; the whole plane where nothing is said */
  constructor(places = new Float32Array([-1, -1, 1, 1])) {
    this.extent = extentOf(places);
    this.x = 0;
    this.y = 0;
    this.scale = 1;
    this.width = 1;
    this.height = 1;
  }

  /** @param {number} width @param {number} height in CSS pixels */
  resize(width, height) {
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
  }

  /** How many pixels a unit takes when everything is shown. */
  get whole() {
    return 0.46 * Math.min(this.width / this.extent[0], this.height / this.extent[1]);
  }

  /** Show everything. */
  all() {
    this.x = this.y = 0;
    this.scale = this.whole;
  }

  /** @param {number} dx @param {number} dy in pixels: where the picture goes */
  pan(dx, dy) {
    this.x = clamp(this.x - dx / this.scale, -1.5, 1.5);
    this.y = clamp(this.y + dy / this.scale, -1.5, 1.5);
  }

  /** @param {number} factor @param {number} [left] @param {number} [top] what stays where it is, pixels */
  zoom(factor, left = this.width / 2, top = this.height / 2) {
    const [x, y] = this.place(left, top);
    this.scale = clamp(this.scale * factor, 0.5 * this.whole, 1000 * this.whole);
    this.x = x - (left - this.width / 2) / this.scale;
    this.y = y + (top - this.height / 2) / this.scale;
  }

  /** @param {number} left @param {number} top @returns {[number, number]} the place under a pixel */
  place(left, top) {
    return [this.x + (left - this.width / 2) / this.scale, this.y - (top - this.height / 2) / this.scale];
  }

  /** @param {number} x @param {number} y @returns {[number, number]} the pixel of a place */
  pixel(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (this.y - y) * this.scale + this.height / 2];
  }
}

/** How far places go from the middle, each way. @param {Float32Array} places @returns {[number, number]} */
function extentOf(places) {
  let [across, up] = [0.05, 0.05];
  for (let n = 0; n < places.length; n += 2) {
    across = Math.max(across, Math.abs(places[n]));
    up = Math.max(up, Math.abs(places[n + 1]));
  }
  return [across, up];
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

const SIDE = 256;

/** Finds points by place: rows sorted into the cells of a grid over -1 to 1. */
export class Grid {
  /** @param {Float32Array} places */
  constructor(places) {
    this.places = places;
    const count = places.length / 2;
    const cells = new Uint32Array(count);
    this.starts = new Uint32Array(SIDE * SIDE + 1);
    for (let row = 0; row < count; row++) {
      cells[row] = cell(places[2 * row + 1]) * SIDE + cell(places[2 * row]);
      this.starts[cells[row] + 1]++;
    }
    for (let n = 0; n < SIDE * SIDE; n++) this.starts[n + 1] += this.starts[n];
    const next = this.starts.slice();
    this.rows = new Uint32Array(count);
    for (let row = 0; row < count; row++) this.rows[next[cells[row]]++] = row;
  }

  /**
   * The nearest row within a radius, or -1.
   * @param {number} x @param {number} y @param {number} radius in the plane's unit
   * @param {(row: number) => boolean} wanted
   */
  nearest(x, y, radius, wanted) {
    let best = -1;
    let least = radius * radius;
    for (let down = cell(y - radius); down <= cell(y + radius); down++) {
      const from = this.starts[down * SIDE + cell(x - radius)];
      const to = this.starts[down * SIDE + cell(x + radius) + 1];
      for (let n = from; n < to; n++) {
        const row = this.rows[n];
        const far = (this.places[2 * row] - x) ** 2 + (this.places[2 * row + 1] - y) ** 2;
        if (far < least && wanted(row)) {
          least = far;
          best = row;
        }
      }
    }
    return best;
  }
}

/** @param {number} value */
function cell(value) {
  return clamp(Math.floor(((value + 1) * SIDE) / 2), 0, SIDE - 1);
}

/**
 * Rows within a closed line, by the even-odd rule.
 * @param {Float32Array} places @param {[number, number][]} line @param {(row: number) => boolean} wanted
 * @returns {number[]}
 */
export function inside(places, line, wanted) {
  const xs = line.map(([x]) => x);
  const ys = line.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const found = [];
  for (let row = 0; row < places.length / 2; row++) {
    const x = places[2 * row];
    const y = places[2 * row + 1];
    if (x < left || x > right || y < low || y > high || !wanted(row)) continue;
    let odd = false;
    for (let a = 0, b = line.length - 1; a < line.length; b = a++) {
      if (ys[a] > y !== ys[b] > y && x < ((xs[b] - xs[a]) * (y - ys[a])) / (ys[b] - ys[a]) + xs[a]) odd = !odd;
    }
    if (odd) found.push(row);
  }
  return found;
}
