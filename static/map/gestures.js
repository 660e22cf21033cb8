// Pointer and keys on the plane.

/** @typedef {import("./map.js").MapPage} MapPage */

const PAN_PX = 60;
const CLICK_PX = 4;

/** @type {Record<string, string>} */
const TOOLS = { "+": "in", "=": "in", "-": "out", 0: "all", l: "lasso", Escape: "clear" };
/** @type {Record<string, [number, number]>} */
const PANS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @param {MapPage} map @param {HTMLElement} area @param {HTMLCanvasElement} canvas */
export function listen(map, area, canvas) {
  document.addEventListener("keydown", (event) => {
    const at = event.target;
    if (at === canvas || at === document.body || event.key === "Escape") key(map, event);
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const step = event.deltaY * (event.deltaMode ? 0.05 : 0.0015);
      map.view.zoom(Math.exp(-step), event.offsetX, event.offsetY);
      map.draw();
    },
    { passive: false },
  );
  drag(map, area, canvas);
}

/** @param {MapPage} map @param {KeyboardEvent} event */
function key(map, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { view } = map;
  if (map.lassoing && map.lasso.key(event, [view.width / 2, view.height / 2])) {
    event.preventDefault();
    return;
  }
  const pan = PANS[event.key];
  if (TOOLS[event.key]) map.do(TOOLS[event.key]);
  else if (pan) view.pan(PAN_PX * pan[0], PAN_PX * pan[1]);
  else if (event.key === "n") map.next();
  else if (event.key === "Enter" && map.pinned >= 0) map.open(map.pinned);
  else return;
  event.preventDefault();
  map.draw();
}

/** @param {MapPage} map @param {HTMLElement} area @param {HTMLCanvasElement} canvas */
function drag(map, area, canvas) {
  /** @type {{x: number, y: number, far: number, lasso: boolean} | null} */
  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    held = { x: event.offsetX, y: event.offsetY, far: 0, lasso: map.lassoing || event.shiftKey };
    if (held.lasso) {
      map.lasso.clear();
      map.lasso.add([held.x, held.y]);
    }
    area.classList.add("dragging");
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return map.hover(event.offsetX, event.offsetY);
    const [dx, dy] = [event.offsetX - held.x, event.offsetY - held.y];
    held.far += Math.hypot(dx, dy);
    [held.x, held.y] = [event.offsetX, event.offsetY];
    if (held.lasso) return map.lasso.add([held.x, held.y]);
    map.view.pan(dx, dy);
    map.draw();
  });
  /** @param {PointerEvent} event */
  const ended = (event) => {
    area.classList.remove("dragging");
    const was = held;
    held = null;
    if (!was) return;
    if (was.lasso) return map.lasso.close();
    const row = map.near(event.offsetX, event.offsetY);
    if (event.type === "pointerup" && was.far < CLICK_PX && row >= 0) map.open(row);
  };
  canvas.addEventListener("pointerup", ended);
  canvas.addEventListener("pointercancel", ended);
  canvas.addEventListener("pointerleave", () => map.leave());
}
