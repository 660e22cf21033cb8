// What a person is told of their answers on the way; an ended session, and signing in again in
// place while these, or what they wrote into a form, wait.

import { Refused } from "../api.js";
import { find, message } from "../dom.js";
import { PLACES } from "./kept.js";

const SOMEBODY_ELSE = "Somebody else is signed in";

export class Session {
  /** @param {() => void} again called when the person has signed in */
  constructor(again) {
    this.again = again;
    this.notice = find("[data-signed-out]");
    this.dialog = find("dialog[data-sign-in]", HTMLDialogElement);
    this.form = find("form", HTMLFormElement, this.dialog);
    this.password = find("[name=password]", HTMLInputElement, this.form);
    this.opener = find("[data-sign-in-open]");
    this.opener.addEventListener("click", () => this.open());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    find("[data-close]", HTMLElement, this.dialog).addEventListener("click", () => this.dialog.close());
  }

  /** Tell what becomes of the answers, and when the server knows them no longer. @param {import("./outbox.js").Outbox} outbox */
  follow(outbox) {
    outbox.addEventListener("state", (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      showSaved(detail);
      if (detail.refusal) this.ended(detail.refusal);
    });
    outbox.addEventListener("kept", (event) => message(PLACES[/** @type {CustomEvent} */ (event).detail.place]));
    outbox.addEventListener("acknowledged", () => this.alive());
  }

  /** @param {Refused} refusal @returns {boolean} whether somebody else is signed in now */
  ended(refusal) {
    const other = refusal.title === SOMEBODY_ELSE;
    this.tell(other ? refusal.detail : "Your session has ended; what you answered or wrote waits here.");
    this.opener.hidden = false;
    find("[data-go-on-as-other]").hidden = !other;
    return other;
  }

  /** @param {string} text of a notice that has nothing to press */
  tell(text) {
    find("[data-signed-out-text]").textContent = text;
    this.opener.hidden = true;
    find("[data-go-on-as-other]").hidden = true;
    this.notice.hidden = false;
  }

  /** Say why something did not come. @param {unknown} error @param {string} passing words where it may come later */
  explain(error, passing) {
    if (error instanceof Refused && error.status === 401) this.ended(error);
    else message(error instanceof Refused && !error.passing ? error.detail : passing);
  }

  /** The server answers again. */
  alive() {
    if (this.notice.hidden) return;
    this.notice.hidden = true;
    this.dialog.close();
  }

  open() {
    this.#say("");
    this.dialog.showModal();
    this.password.focus();
  }

  async #submit() {
    const button = find("button.primary", HTMLButtonElement, this.form);
    button.disabled = true;
    try {
      const answer = await fetch(this.form.action, {
        method: "POST",
        body: new URLSearchParams(/** @type {any} */ (new FormData(this.form))),
        // Where it would lead to does not matter: this page stays.
        redirect: "manual",
      });
      if (answer.type === "opaqueredirect") {
        this.password.value = "";
        this.dialog.close();
        this.again();
      } else if (answer.status === 401) {
        this.#say("Name and password do not fit. Try again, or ask an admin for an invite.");
      } else {
        this.#say(`The server answered ${answer.status}. Try again in a moment.`);
      }
    } catch {
      this.#say("The server cannot be reached. What waits here stays; try again in a moment.");
    } finally {
      button.disabled = false;
    }
  }

  /** @param {string} problem */
  #say(problem) {
    find("[data-sign-in-problem]").textContent = problem;
  }
}

/** @param {{state: import("./outbox.js").State, waiting: number}} outbox */
function showSaved({ state, waiting }) {
  const badge = find("[data-saved]");
  badge.className = `saved ${state === "signed-out" ? "stopped" : state}`;
  const words = state === "saved" ? "all saved" : `${waiting} waiting`;
  if (badge.textContent !== words) badge.textContent = words;
}
