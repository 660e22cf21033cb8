// In a round, after the blind answer: the label before and who gave it, the model's opinion, what
// it looks most like; keep, change or discuss.

import { find, shapeOf } from "../dom.js";
import { LooksLike, competing } from "./lookslike.js";

/**
 * @typedef {{label_before: number | null, given_by: string[],
 *   prediction: {probabilities: number[], entropy: number} | null}} Reveal
 */

const looks = new LooksLike();

/**
 * @param {number} answer
 * @param {{component: number, reveal: Reveal}} receipt
 * @returns {boolean} whether the answer differs from the label before
 */
export function showReveal(answer, { component, reveal }) {
  const { label_before: before, prediction } = reveal;
  const differs = before !== null && before !== answer;
  find("[data-verdict]").textContent = differs ? "You answered differently" : "Kept";
  find("[data-before]").replaceChildren(before ? shapeOf(before) : "none");
  find("[data-given-by]").textContent = reveal.given_by.length ? `by ${reveal.given_by.join(", ")}` : "";
  find("[data-answer]").replaceChildren(shapeOf(answer));
  find("[data-action=keep]").hidden = !differs;
  find("[data-change-words]").textContent = differs ? "Change it" : "Go on";
  find("[data-chances]").hidden = !prediction;
  if (prediction) showChances(prediction);
  find("[data-work]").classList.add("reveal-open");
  find("[data-reveal]").hidden = false;
  // What is kept is on screen for a moment only.
  if (differs) looks.ask(component, competing(answer, before, prediction?.probabilities || []));
  return differs;
}

/** @param {{probabilities: number[], entropy: number}} prediction */
function showChances(prediction) {
  prediction.probabilities.forEach((probability, index) => {
    find(`[data-chance="${index + 1}"]`, Element).setAttribute("width", String(probability));
    find(`[data-chance-text="${index + 1}"]`).textContent = `${(probability * 100).toFixed(0)}%`;
  });
  find("[data-entropy]").textContent = `entropy ${prediction.entropy.toFixed(2)} nats of at most 1.39`;
}

export function hideReveal() {
  looks.hide();
  find("[data-work]").classList.remove("reveal-open");
  find("[data-reveal]").hidden = true;
}
