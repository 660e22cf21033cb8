// Keeps the page of a tuning current while it runs.

const LOOK_EVERY_MS = 2000;

/**
 * @param {HTMLElement} place
 * @returns {HTMLElement[]}
 */
function reachable(place) {
  return [...place.querySelectorAll("a, button")].filter((one) => one instanceof HTMLElement);
}

/** @param {HTMLElement} place */
async function look(place) {
  const { tuning, sort, state } = place.dataset;
  const answer = await fetch(`/tuning/${tuning}/live?sort=${sort}`, { headers: { Accept: "text/html" } });
  // Signed out, or the server is being restarted: the next look may tell more.
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const part = fresh.querySelector("[data-live-state]");
  if (!(part instanceof HTMLElement)) return;
  if (part.dataset.liveState !== state) {
    location.reload();
    return;
  }
  // A button under somebody's finger is not taken away, and the focus stays where it was.
  if (place.matches(":active")) return;
  const focused = reachable(place).findIndex((one) => one === document.activeElement);
  place.replaceChildren(part);
  reachable(place)[focused]?.focus({ preventScroll: true });
}

/** @param {HTMLElement} place */
async function follow(place) {
  while (place.dataset.state === "queued" || place.dataset.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    if (document.hidden) continue;
    try {
      await look(place);
    } catch {
      // The network is away for a moment.
    }
  }
}

const place = document.querySelector("[data-tuning]");
if (place instanceof HTMLElement) follow(place);
