// The overview: a running training, and on an empty database the demo.

import { get, post, wordsOf } from "./api.js";
import { followRuns } from "./live.js";

const EVERY_MS = 700;

followRuns();

const offer = document.querySelector("[data-demo]");
if (offer instanceof HTMLElement) demo(offer);

/** @param {HTMLElement} offer */
function demo(offer) {
  const button = /** @type {HTMLButtonElement} */ (offer.querySelector("[data-demo-start]"));
  const place = /** @type {HTMLElement} */ (offer.querySelector("[data-demo-progress]"));
  const bar = /** @type {HTMLProgressElement} */ (place.querySelector("progress"));
  const text = /** @type {HTMLElement} */ (place.querySelector("[role=status]"));

  /** @param {Record<string, any>} job @returns {boolean} whether it goes on */
  function show(job) {
    place.hidden = false;
    button.hidden = true;
    if (typeof job.progress.fraction === "number") bar.value = job.progress.fraction;
    else bar.removeAttribute("value");
    if (job.state === "succeeded") {
      text.textContent = "Loaded.";
      location.reload();
      return false;
    }
    if (job.state === "failed" || job.state === "cancelled") {
      text.textContent = job.error || `The demo was ${job.state}.`;
      text.className = "small danger-text";
      button.hidden = false;
      button.disabled = false;
      return false;
    }
    text.textContent = job.state === "queued" ? "Waiting for the worker." : job.progress.stage || "Making components.";
    return true;
  }

  /** @param {number | string} id */
  async function watch(id) {
    for (;;) {
      try {
        if (!show(await get(`/api/v1/jobs/${id}`))) return;
      } catch (error) {
        text.textContent = `No answer from the server, trying again. ${wordsOf(error)}`;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const job = await post("/api/v1/demo", {});
      await watch(job.id);
    } catch (error) {
      place.hidden = false;
      text.textContent = wordsOf(error);
      button.disabled = false;
    }
  });

  if (offer.dataset.job) watch(offer.dataset.job);
}
