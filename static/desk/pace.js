// How many this session, and how fast.

import { read, write } from "./journal.js";

const WINDOW_MS = 5 * 60_000;
/** A longer look than this is a pause, not work. */
export const LONGEST_LOOK_S = 120;

export class Pace {
  /** @param {string} key where this browser tab keeps its count across reloads */
  constructor(key) {
    this.key = key;
    this.done = Number(read(key, "sessionStorage") || 0);
    /** @type {number[]} */
    this.times = [];
  }

  /** @param {number} by 1 for an answer, -1 for an undo */
  count(by) {
    this.done = Math.max(0, this.done + by);
    write(this.key, String(this.done), "sessionStorage");
    if (by > 0) this.times.push(Date.now());
    else this.times.pop();
  }

  /** Labels a minute over the last five minutes of work; null until there is enough to tell. */
  get rate() {
    return ratePerMinute(this.times, Date.now());
  }
}

/**
 * @param {number[]} times when answers were given, ms
 * @param {number} now ms
 * @returns {number | null}
 */
export function ratePerMinute(times, now) {
  const recent = times.filter((time) => time > now - WINDOW_MS);
  if (recent.length < 3) return null;
  let worked = 0;
  for (let index = 1; index < recent.length; index += 1) {
    worked += Math.min(recent[index] - recent[index - 1], LONGEST_LOOK_S * 1000);
  }
  return worked > 0 ? ((recent.length - 1) / worked) * 60_000 : null;
}
