// The progress of training runs, as the server sends it, and of other jobs, asked for.

import { get } from "./api.js";

const ASK_EVERY_MS = 700;

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

/** Follow every other job on this page; show the page anew when one ends. */
export function followJobs() {
  for (const place of document.querySelectorAll("[data-live-job]")) {
    if (place instanceof HTMLElement) ask(place);
  }
}

/** @param {HTMLElement} place */
async function ask(place) {
  const bar = place.querySelector("[data-progress]");
  const text = place.querySelector("[data-progress-text]");
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    try {
      const job = await get(`/api/v1/jobs/${place.dataset.liveJob}`);
      if (job.state !== "queued" && job.state !== "running") return location.reload();
      if (bar instanceof HTMLProgressElement) bar.value = job.progress.fraction || 0;
      if (text) text.textContent = progressText(job.progress, job.state);
    } catch (error) {
      // The server may be away for a moment; the next answer says more.
      if (text) text.textContent = "No answer from the server, trying again.";
    }
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
