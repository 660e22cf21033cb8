// What this browser keeps of one labeler's answers until the server has acknowledged them: in
// IndexedDB, and in localStorage for as long as IndexedDB has not got them.

import { AnswersDatabase } from "./database.js";
import { erase, note, noted } from "./journal.js";

/**
 * @typedef {"label" | "skip" | "undo" | "note" | "discuss"} Kind
 * @typedef {{key: string, kind: Kind, body: Record<string, any>, item?: import("./ahead.js").Item}} Entry
 *   key: sorts in the order of the answers. item: what was answered, so that undo can show it again.
 * @typedef {"database" | "journal" | "memory"} Place
 */

/** What a person is told of an answer that is not in the database. @type {Record<string, string>} */
export const PLACES = {
  journal: "This browser has no database for pages (a private window?). Answers are kept in its local storage instead.",
  memory: "This browser keeps no answers across a reload. Leave the page open until all is saved.",
};

export class Kept {
  /** @param {string} labeler whose answers these are: another person may sign in here later */
  constructor(labeler) {
    // The outbox of former versions had its entries in localStorage under the same names.
    this.prefix = `somata.outbox.${labeler}.`;
    this.database = new AnswersDatabase();
    /** Those that only this page's memory has. @type {Entry[]} */
    this.loose = [];
    /** @type {Set<string>} */
    this.gone = new Set();
  }

  /** Safe from the closing of the tab when this returns; the promise tells where it was put in the end. @param {Entry} entry @returns {Promise<Place>} */
  async add(entry) {
    const inJournal = note(entry);
    if (!inJournal) this.loose.push(entry);
    try {
      await this.database.add(entry);
    } catch {
      return inJournal ? "journal" : "memory";
    }
    erase(entry.key);
    this.loose = this.loose.filter((one) => one !== entry);
    return "database";
  }

  /** All that waits, of every tab, oldest first. @returns {Promise<Entry[]>} */
  async all() {
    // The journal first: entries move from there to the database, never back.
    const found = new Map([...noted(this.prefix), ...this.loose].map((one) => [one.key, one]));
    try {
      for (const one of await this.database.all(this.prefix)) found.set(one.key, one);
    } catch {
      // Without IndexedDB, the journal has them all.
    }
    return [...found.values()]
      .filter((one) => !this.gone.has(one.key))
      .sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** The server has them. @param {Entry[]} entries */
  async remove(entries) {
    const keys = entries.map((one) => one.key);
    for (const key of keys) {
      erase(key);
      this.gone.add(key);
    }
    this.loose = this.loose.filter((one) => !this.gone.has(one.key));
    try {
      await this.database.remove(keys);
    } catch {
      // Then the next page sends them once more, which is harmless.
    }
  }

  /** Put into IndexedDB what a closed tab, or a former version, left in the journal. */
  async takeOver() {
    try {
      for (const entry of noted(this.prefix)) {
        if (this.gone.has(entry.key)) continue;
        await this.database.add(entry);
        erase(entry.key);
      }
    } catch {
      // Without IndexedDB they stay where they are.
    }
  }
}
