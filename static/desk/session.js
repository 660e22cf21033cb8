// An ended session: a word on the desk, and signing in again in place. Answers wait meanwhile.

/** @param {string} selector @returns {any} */
const find = (selector) => document.querySelector(selector);

const SOMEBODY_ELSE = "Somebody else is signed in";

export class Session {
  /** @param {() => void} again called when the person has signed in */
  constructor(again) {
    this.again = again;
    this.notice = find("[data-signed-out]");
    this.dialog = find("[data-sign-in]");
    this.form = this.dialog.querySelector("form");
    find("[data-sign-in-open]").addEventListener("click", () => this.open());
    this.form.addEventListener("submit", (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      this.#submit();
    });
    this.dialog.querySelector("[data-close]").addEventListener("click", () => this.dialog.close());
  }

  /** @param {import("../api.js").Refused} refusal */
  ended(refusal) {
    const other = refusal.title === SOMEBODY_ELSE;
    find("[data-signed-out-text]").textContent = other ? refusal.detail : "Your session has ended; your answers wait here.";
    find("[data-go-on-as-other]").hidden = !other;
    this.notice.hidden = false;
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
    this.form.elements.password.focus();
  }

  async #submit() {
    const button = this.form.querySelector("button.primary");
    button.disabled = true;
    try {
      const answer = await fetch(this.form.action, {
        method: "POST",
        body: new URLSearchParams(/** @type {any} */ (new FormData(this.form))),
        // Where it would lead to does not matter: the desk stays.
        redirect: "manual",
      });
      if (answer.type === "opaqueredirect") {
        this.form.elements.password.value = "";
        this.dialog.close();
        this.again();
      } else if (answer.status === 401) {
        this.#say("Name and password do not fit. Try again, or ask an admin for an invite.");
      } else {
        this.#say(`The server answered ${answer.status}. Try again in a moment.`);
      }
    } catch {
      this.#say("The server cannot be reached. Your answers wait here; try again in a moment.");
    } finally {
      button.disabled = false;
    }
  }

  /** @param {string} problem */
  #say(problem) {
    find("[data-sign-in-problem]").textContent = problem;
  }
}
