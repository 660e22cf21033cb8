// The progress of a training run, as the server sends it.

/**
 * @param {Record<string, any>} progress
 * @param {string} state
 */
export function progressText(progress, state) {
  if (state === "queued") return "Waiting for the worker.";
  const parts = [];
  if (progress.stage) parts.push(String(progress.stage));
  if (progress.folds) parts.push(`fold ${progress.fold} of ${progress.folds}`);
  if (progress.epochs) parts.push(`epoch ${progress.epoch} of ${progress.epochs}`);
  if (typeof progress.loss === "number") parts.push(`loss ${progress.loss.toFixed(3)}`);
  if (typeof progress.seconds_left === "number") parts.push(`${duration(progress.seconds_left)} left`);
  return parts.length ? parts.join(" · ") : "Starting.";
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Follow every run on this page; show the page anew when one begins or ends. */
export function followRuns() {
  for (const place of document.querySelectorAll("[data-live-run]")) {
    if (place instanceof HTMLElement) follow(place);
  }
}

/** @param {HTMLElement} place */
function follow(place) {
  const source = new EventSource(`/api/v1/training-runs/${place.dataset.liveRun}/events`);
  const bar = place.querySelector("[data-progress]");
  const text = place.querySelector("[data-progress-text]");
  /** @param {MessageEvent} event */
  const show = (event) => {
    const run = JSON.parse(event.data);
    if (run.state !== place.dataset.state) {
      source.close();
      location.reload();
      return;
    }
    if (bar instanceof HTMLProgressElement) bar.value = run.progress.fraction || 0;
    if (text) text.textContent = progressText(run.progress, run.state);
  };
  source.addEventListener("run", show);
  addEventListener("pagehide", () => source.close());
}
