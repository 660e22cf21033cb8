// A component's page: its trace, zoomed by wheel and panned by dragging.

import { wordsOf } from "./api.js";
import { fetchViews } from "./desk/bundle.js";
import { themeOf } from "./desk/stage.js";
import { TracePane } from "./desk/tracepane.js";

const canvas = document.querySelector("canvas[data-trace]");
if (canvas instanceof HTMLCanvasElement) {
  const place = /** @type {HTMLElement} */ (canvas.parentElement);
  const stage = { look: { alike: false }, theme: themeOf() };
  const trace = new TracePane(canvas, stage);
  document.addEventListener("somata:theme", () => {
    stage.theme = themeOf();
    trace.pane.redraw();
  });
  const id = Number(canvas.dataset.trace);
  fetchViews(`/api/v1/components/views?ids=${id}&parts=mask,context,trace&images=`)
    .then((views) => {
      const view = views.get(id) || null;
      if (!view?.trace) place.textContent = "This recording has no traces.";
      trace.restart(view);
      trace.pane.show(view);
    })
    .catch((error) => {
      place.textContent = `The trace did not load: ${wordsOf(error)}`;
    });
}
