// In a round, after the blind answer: the label before, the model's opinion, keep or change.

import { find, shapeOf } from "../dom.js";

/**
 * @param {number} answer
 * @param {{label_before: number | null, prediction: {probabilities: number[], entropy: number} | null}} reveal
 * @returns {boolean} whether the answer differs from the label before
 */
export function showReveal(answer, reveal) {
  const differs = reveal.label_before !== null && reveal.label_before !== answer;
  find("[data-verdict]").textContent = differs ? "You answered differently" : "Kept";
  find("[data-before]").replaceChildren(reveal.label_before ? shapeOf(reveal.label_before) : "none");
  find("[data-answer]").replaceChildren(shapeOf(answer));
  find("[data-verdict-keys]").hidden = !differs;
  find("[data-chances]").hidden = !reveal.prediction;
  if (reveal.prediction) showChances(reveal.prediction);
  find("[data-work]").classList.add("reveal-open");
  find("[data-reveal]").hidden = false;
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
  find("[data-work]").classList.remove("reveal-open");
  find("[data-reveal]").hidden = true;
}
