// One page of the montage as the labeler has marked it. Pure: nothing here draws or sends.

/**
 * @typedef {{component: number, recording: number, lease: string | null, expires_at: string, confidence: number}} Item
 * @typedef {1 | 2 | 3 | 4 | "skip"} Mark
 * @typedef {{id: string, mark: Mark}} Given
 */

/** What an exception most often is, for each class: the likeliest confusion. @type {Record<number, Mark>} */
export const LIKELY = { 1: 4, 2: 3, 3: 4, 4: 3 };

export class Sheet {
  /** @param {number} label the class believed @param {Item[]} items @param {string} views where the masks are */
  constructor(label, items, views) {
    this.label = label;
    this.items = items;
    this.views = views;
    /** The exceptions, by place. @type {Map<number, Mark>} */
    this.marks = new Map();
    /** What was sent, by place; empty before the page is confirmed. @type {Map<number, Given>} */
    this.given = new Map();
    this.current = 0;
  }

  /** @param {number} place @returns {Mark} */
  markOf(place) {
    return this.marks.get(place) ?? /** @type {Mark} */ (this.label);
  }

  /** @param {number} place @param {Mark} mark the class believed makes it no exception */
  mark(place, mark) {
    if (mark === this.label) this.marks.delete(place);
    else this.marks.set(place, mark);
  }

  /** Mark as an exception, or take the mark off. @param {number} place @param {Mark} mark */
  toggle(place, mark) {
    this.mark(place, this.marks.has(place) ? /** @type {Mark} */ (this.label) : mark);
  }

  /** @param {number} columns @param {string} key an arrow, Home or End @returns {boolean} whether it moves */
  move(columns, key) {
    const last = this.items.length - 1;
    const to = {
      ArrowLeft: this.current - 1,
      ArrowRight: this.current + 1,
      ArrowUp: this.current - columns,
      ArrowDown: this.current + columns,
      Home: 0,
      End: last,
    }[key];
    if (to === undefined) return false;
    if (to >= 0 && to <= last) this.current = to;
    return true;
  }

  get components() {
    return this.items.map((item) => item.component);
  }

  /** How many are confirmed as the class believed. */
  get confirmed() {
    return this.items.length - this.marks.size;
  }

  /** Whether some of it may be somebody else's by now. @param {number} now ms */
  expired(now) {
    return this.items.some((item) => Date.parse(item.expires_at) < now);
  }

  /** To be kept across a reload. */
  toJSON() {
    return { label: this.label, items: this.items, views: this.views, marks: [...this.marks], given: [...this.given] };
  }

  /** @param {any} kept */
  static of(kept) {
    const sheet = new Sheet(kept.label, kept.items, kept.views);
    sheet.marks = new Map(kept.marks);
    sheet.given = new Map(kept.given);
    return sheet;
  }
}
