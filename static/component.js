// A component's page: its trace.

import { get, wordsOf } from "./api.js";
import { TracePlot } from "./plot.js";

const place = document.querySelector("[data-trace]");
if (place instanceof HTMLElement && place.dataset.trace) {
  get(place.dataset.trace)
    .then((trace) => {
      if (trace.times.length) new TracePlot(place).show(trace);
      else place.textContent = "This recording has no traces.";
    })
    .catch((error) => {
      place.textContent = `The trace did not load: ${wordsOf(error)}`;
    });
}
