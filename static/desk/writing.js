// The dialogs in which something is written about a component: a note, the reason of a skip or of
// a discussion.
// What is typed is kept in this browser until it is sent: no Escape, reload or crash loses it.

import { get } from "../api.js";
import { newId } from "./ids.js";
import { erase, read, write } from "./journal.js";

/** @typedef {import("./ahead.js").Item} Item */

/** A dialog with one field whose text survives the dialog, by component. */
class Writing {
  /** @param {string} name of the dialog and the draft @param {(item: Item, text: string) => void} done */
  constructor(name, done) {
    this.name = name;
    this.dialog = /** @type {HTMLDialogElement} */ (document.querySelector(`[data-dialog="${name}"]`));
    this.field = /** @type {HTMLTextAreaElement | HTMLInputElement} */ (this.dialog.querySelector("[data-text]"));
    this.state = /** @type {HTMLElement} */ (this.dialog.querySelector("[data-state]"));
    /** @type {Item | null} */
    this.item = null;
    this.done = done;
    this.dialog.querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.finish(this.field.value.trim());
    });
    this.dialog.querySelector("[data-close]")?.addEventListener("click", () => this.dialog.close());
    this.field.addEventListener("input", () => {
      write(this.draft, this.field.value);
      this.state.textContent = "Not sent yet; kept in this browser.";
    });
    this.field.addEventListener("keydown", (event) => {
      const key = /** @type {KeyboardEvent} */ (event);
      if (key.key === "Enter" && (key.ctrlKey || key.metaKey)) this.finish(this.field.value.trim());
    });
  }

  /** @returns {string} where the text is kept until it is sent */
  get draft() {
    return `somata.draft.${this.name}.${document.body.dataset.labeler}.${this.item?.component}`;
  }

  /** @param {Item} item @param {string} text where there is no draft */
  open(item, text = "") {
    this.item = item;
    const draft = read(this.draft);
    this.field.value = draft ?? text;
    this.state.textContent = draft === null ? "" : "Not sent yet; kept in this browser.";
    this.dialog.showModal();
    this.field.focus();
  }

  /** @param {string} text */
  finish(text) {
    const item = this.item;
    if (!item) return;
    erase(this.draft);
    this.item = null;
    this.dialog.close();
    this.done(item, text);
  }
}

/** A reason for a skip, chosen by one key or written. */
export class Reason extends Writing {
  /** @param {(item: Item, reason: string) => void} done */
  constructor(done) {
    super("skip", done);
    const chosen = [...this.dialog.querySelectorAll("[data-reason]")];
    for (const button of chosen) button.addEventListener("click", () => this.finish(button.getAttribute("data-reason") || ""));
    this.dialog.addEventListener("keydown", (event) => {
      // By the place of the key as well: layouts with shifted digits, and the numeric pad.
      const digit = /^[1-9]$/.test(event.key) ? event.key : /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
      const button = event.target === this.field ? null : this.dialog.querySelector(`[data-key="${digit}"]`);
      if (button instanceof HTMLButtonElement) button.click();
    });
  }

  /** @param {Item} item */
  open(item) {
    super.open(item);
    // The digits choose, unless something was being written.
    if (!this.field.value) /** @type {HTMLElement | null} */ (this.dialog.querySelector("[data-reason]"))?.focus();
  }
}

/** Puts a component up for discussion, with a reason or without. */
export class Discuss extends Writing {
  /** @param {import("./outbox.js").Outbox} outbox @param {(item: Item) => void} then called when it is kept */
  constructor(outbox, then) {
    super("discuss", (item, text) => {
      outbox.put("discuss", { id: newId(), component: item.component, text });
      then(item);
    });
  }
}

/** One's own note on a component. */
export class Note extends Writing {
  /** @param {import("./outbox.js").Outbox} outbox */
  constructor(outbox) {
    super("note", (item, text) => outbox.put("note", { id: newId(), component: item.component, text }));
    this.outbox = outbox;
  }

  /** @param {Item} item */
  async open(item) {
    const waiting = this.outbox.entries.filter((one) => one.kind === "note" && one.body.component === item.component).at(-1);
    super.open(item, waiting?.body.text || "");
    if (waiting || this.field.value || this.state.textContent) return;
    try {
      const { note } = await get(`/api/v1/components/${item.component}/note`);
      // Typing was quicker than the network: what was typed stays.
      if (note && this.item === item && read(this.draft) === null) this.field.value = note.text;
    } catch {
      this.state.textContent = "No connection: an earlier note of yours is not shown. What you write is kept.";
    }
  }
}
