// Which components come: the order and the recording that the labeler chose.

import { read, write } from "./journal.js";

/** @typedef {import("./ahead.js").Choice} Choice */

const KEPT = "somata.strategy";

/**
 * The choice of the selects, now and, through `changed`, whenever it changes.
 * @param {number | null} round
 * @param {(choice: Choice) => void} changed
 * @returns {Choice}
 */
export function choiceOf(round, changed) {
  const strategy = document.querySelector("[data-strategy]");
  const recording = document.querySelector("[data-recording]");
  if (!(strategy instanceof HTMLSelectElement) || !(recording instanceof HTMLSelectElement)) {
    return { strategy: "unlabeled", recording: null, round };
  }
  const kept = read(KEPT);
  if (kept && [...strategy.options].some((option) => option.value === kept)) strategy.value = kept;
  const chosen = () => ({
    strategy: strategy.value,
    recording: recording.value ? Number(recording.value) : null,
    round,
  });
  for (const select of [strategy, recording]) {
    select.addEventListener("change", () => {
      write(KEPT, strategy.value);
      select.blur();
      changed(chosen());
    });
  }
  return chosen();
}

/** The selects' options that a component of this recording is counted in. @param {number} recording @returns {HTMLElement[]} */
function countsOf(recording) {
  return [...document.querySelectorAll(`[data-recording] option[value=""], [data-recording] option[value="${recording}"]`)].map((one) => /** @type {HTMLElement} */ (one));
}

/** One more, or one less, is without an answer. @param {number} recording @param {1 | -1} by */
export function countLeft(recording, by) {
  for (const one of countsOf(recording)) one.dataset.left = String(Math.max(0, Number(one.dataset.left) + by));
}

/** How many are without an answer; null where others come as well. @param {Choice} choice @returns {number | null} */
export function left(choice) {
  const chosen = /** @type {HTMLElement | null} */ (document.querySelector(`[data-recording] option[value="${choice.recording ?? ""}"]`));
  return chosen && choice.strategy !== "quality" ? Number(chosen.dataset.left) : null;
}

/** @param {Choice} choice @returns {[string, string]} a title and what to do next */
export function emptyWords(choice) {
  if (choice.round !== null) {
    return ["This round has nothing left for you", "What others hold at the moment may come back. See what the round has changed."];
  }
  if (document.querySelectorAll("[data-recording] option").length < 2) {
    return ["Nothing to label yet", "There are no recordings yet. An admin of your lab imports them, or loads the demo, from the overview."];
  }
  if (choice.strategy === "quality") {
    return ["No suspect labels", "After a training run, the labels that the model doubts are listed here. Train first, or open a round."];
  }
  if (choice.recording !== null) {
    return ["This recording is done", "No unlabeled components are left in it. Choose another recording above."];
  }
  return ["No unlabeled components are left", "Train, then open a round to look at the most confusing ones again."];
}
