// Small things that any page may have: copying a secret that is shown once, sending answers that
// were left waiting when the desk was closed, and losing nothing that is written into a form.

import { sendLeft } from "./desk/outbox.js";
import { Forms } from "./forms.js";

// On a narrow page the navigation is one row that scrolls: begin with where one is in sight.
document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const labeler = document.body.dataset.labeler;
if (labeler && !document.body.classList.contains("desk-page")) {
  sendLeft(labeler);
  new Forms();
}

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-copy]");
  if (!button) return;
  const field = button.parentElement?.querySelector("input");
  if (!field) return;
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  } catch {
    // Without https the clipboard is closed to pages; the text is selected, so Ctrl-C works.
    button.textContent = "Press Ctrl-C";
  }
});

// A secret is the answer to a form. Loading the page again must not send the form again: that
// would make a second invite, and the first, sent already, would be dead.
const secret = document.querySelector("[data-address]");
if (secret instanceof HTMLElement) history.replaceState(null, "", secret.dataset.address);
