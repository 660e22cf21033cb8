// Forms of all pages but desk and montage, which have an outbox. Before one is sent the server is
// asked whether it would be taken: what is written is lost neither to a session that has ended, nor
// to a lost network, nor sent as somebody else's who has signed in to this browser meanwhile.

import { get, Refused } from "./api.js";
import { find } from "./dom.js";
import { Session } from "./desk/session.js";

/** A small question that only whoever is signed in gets an answer to. */
const QUESTION = "/api/v1/labels/mine?limit=1";

/** Some networks swallow everything and never say so. */
const PATIENCE_MS = 8000;

/** @typedef {{form: HTMLFormElement, button: HTMLElement | null}} Waiting */

export class Forms {
  constructor() {
    /** What goes out once one is in again. @type {Waiting | null} */
    this.waiting = null;
    this.asking = false;
    this.passing = false;
    /** @type {Session | null} */
    this.made = null;
    document.addEventListener("submit", (event) => this.#hold(event));
    // Signed in in another tab.
    addEventListener("focus", () => this.made?.dialog.open && this.#send());
  }

  /** Made when it is needed: no browser shall offer to fill in a password on every page. */
  get session() {
    if (this.made) return this.made;
    const template = find("template[data-sign-in-again]", HTMLTemplateElement);
    template.replaceWith(template.content);
    this.made = new Session(() => this.#send());
    return this.made;
  }

  /** @param {SubmitEvent} event */
  #hold(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const action = form.getAttribute("action");
    if (this.passing || event.defaultPrevented || form.getAttribute("method") !== "post" || action === "/sign-out") return;
    event.preventDefault();
    this.waiting = { form, button: event.submitter };
    this.#send();
  }

  async #send() {
    if (this.asking || !this.waiting) return;
    this.asking = true;
    try {
      await get(QUESTION, AbortSignal.timeout(PATIENCE_MS));
      this.#pass(this.waiting);
    } catch (error) {
      this.#explain(error);
    } finally {
      this.asking = false;
    }
  }

  /** @param {Waiting} waiting */
  #pass({ form, button }) {
    this.waiting = null;
    this.made?.alive();
    this.passing = true;
    try {
      form.requestSubmit(button);
    } finally {
      this.passing = false;
    }
  }

  /** @param {unknown} error */
  #explain(error) {
    if (!(error instanceof Refused && error.status === 401)) {
      this.session.tell("The server cannot be reached. What you wrote stays here: send it again in a moment.");
    } else if (!this.session.ended(error) && !this.session.dialog.open) {
      this.session.open();
    }
  }
}
