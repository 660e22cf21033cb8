// The montage: a page of components that look like one class; the exceptions are marked, the rest
// is confirmed with one key. A page that was confirmed can be gone back to, mended and taken back.

import { fetchMasks } from "../desk/bundle.js";
import { newId } from "../desk/ids.js";
import { Outbox } from "../desk/outbox.js";
import { Pace } from "../desk/pace.js";
import { Session } from "../desk/session.js";
import { Tabs } from "../desk/tabs.js";
import { Working } from "../desk/working.js";
import { message } from "../dom.js";
import { Grid } from "./grid.js";
import { listen } from "./keys.js";
import { Look } from "./look.js";
import { Pages, Past } from "./pages.js";
import { LIKELY } from "./sheet.js";
import { choiceOf, empty, progress, working } from "./words.js";

const ASK_AGAIN_MS = 2000;
const labeler = document.body.dataset.labeler || "";
const outbox = new Outbox(labeler);
const pace = new Pace("somata.done.montage");
const past = new Past(`somata.montage.${labeler}`);
const grid = new Grid(click, point);
const look = new Look();
const time = new Working();
const session = new Session(again);
const pages = new Pages(busy, (ask) => tabs.fill(ask));

/** @typedef {import("./sheet.js").Mark} Mark */
/** @typedef {import("./pages.js").Ready} Ready */

/** What is on screen. @type {Ready | null} */
let shown = null;
/** The page to confirm, while one that was confirmed is looked at. @type {Ready | null} */
let aside = null;
let shownAt = 0;
/** @type {Mark} */
let brush = 3;
let retry = 0;
const choice = choiceOf(restart);
const tabs = new Tabs(labeler, held);

/** What this tab has on screen and ahead. @returns {number[]} */
function held() {
  return [shown, aside].flatMap((page) => page?.sheet.components ?? []).concat(pages.held);
}

/** What must not be handed out here. @returns {number[]} */
function busy() {
  return [...new Set([...held(), ...outbox.components, ...tabs.components])];
}

async function advance() {
  clearTimeout(retry);
  shown = null;
  grid.clear();
  const asked = choice.now;
  try {
    const page = await pages.take(asked);
    if (asked !== choice.now || shown) return;
    session.alive();
    if (retry) message("");
    retry = 0;
    if (page.sheet === null) empty(asked, page);
    else show(page);
  } catch (error) {
    if (asked !== choice.now) return;
    session.explain(error, "No connection. Trying again.");
    retry = setTimeout(advance, ASK_AGAIN_MS);
  }
}

/** @param {Ready} page */
function show(page) {
  shown = page;
  brush = LIKELY[page.sheet.label];
  shownAt = performance.now();
  working(page);
  grid.show(page.sheet, page.masks, Math.sqrt(choice.now.count));
  tell(true);
  if (!aside) pages.prepare(choice.now);
}

/** @param {boolean} focus */
function tell(focus) {
  if (!shown) return;
  grid.point(shown.sheet, focus);
  look.show(shown.sheet.items[shown.sheet.current]);
  progress(shown, brush, aside !== null);
}

/** @param {number} place */
function point(place) {
  if (!shown || shown.sheet.current === place) return;
  shown.sheet.current = place;
  tell(false);
}

/** @param {number} place */
function click(place) {
  if (!shown) return;
  shown.sheet.current = place;
  if (aside) mend(shown.sheet.marks.has(place) ? /** @type {Mark} */ (shown.sheet.label) : brush);
  else {
    shown.sheet.toggle(place, brush);
    grid.mark(shown.sheet, place);
  }
  tell(true);
}

/** @param {Mark} mark */
function mark(mark) {
  if (!shown) return;
  if (mark !== shown.sheet.label) brush = mark;
  if (aside) mend(mark);
  else {
    shown.sheet.mark(shown.sheet.current, mark);
    grid.mark(shown.sheet, shown.sheet.current);
  }
  tell(true);
}

/** @param {string} key */
function move(key) {
  if (!shown?.sheet.move(grid.columns, key)) return false;
  tell(true);
  return true;
}

function confirm() {
  if (!shown) return;
  if (aside) return goOn();
  message("");
  const { sheet } = shown;
  const seconds = time.since(shownAt) / 1000 / sheet.items.length;
  sheet.items.forEach((_, place) => send(place, sheet.markOf(place), seconds));
  pace.count(sheet.items.length);
  past.push(sheet);
  advance();
}

/** @param {number} place @param {Mark} mark @param {number | null} seconds */
function send(place, mark, seconds) {
  if (!shown) return;
  const { sheet } = shown;
  const { component, lease } = sheet.items[place];
  const id = newId();
  sheet.given.set(place, { id, mark });
  if (mark === "skip") outbox.put("skip", { id, component, lease });
  else outbox.put("label", { id, component, label: mark, lease, seconds, montage: sheet.items.length });
}

/** @param {number} place */
function retract(place) {
  const given = shown?.sheet.given.get(place);
  if (!shown || !given) return;
  outbox.put("undo", { id: newId(), undoes: given.id });
  shown.sheet.given.delete(place);
}

/** Another answer in place of one that was given. @param {Mark} mark */
function mend(mark) {
  if (!shown) return;
  const { sheet } = shown;
  const place = sheet.current;
  if (sheet.given.get(place)?.mark === mark) return;
  retract(place);
  // The first answer ended the lease.
  sheet.items[place].lease = null;
  sheet.mark(place, mark);
  send(place, mark, null);
  grid.mark(sheet, place);
  past.keep();
}

/** Take one answer back, on a page that was confirmed. */
function undoOne() {
  if (!shown || !aside) {
    message("Go back to the last page first (u); there, x takes one answer back.");
    return;
  }
  if (!shown.sheet.given.has(shown.sheet.current)) return;
  retract(shown.sheet.current);
  pace.count(-1);
  grid.mark(shown.sheet, shown.sheet.current);
  past.keep();
  tell(true);
}

/** Back to the last page; there, take all of it back to be confirmed anew. */
async function undo() {
  if (aside && shown) {
    const { sheet } = shown;
    sheet.items.forEach((item, place) => {
      if (sheet.given.has(place)) pace.count(-1);
      retract(place);
      item.lease = null;
    });
    past.pop();
    aside = null;
    pages.forget();
    show({ ...shown });
    message("Taken back. Mark the exceptions and confirm it again.");
    return;
  }
  const sheet = past.last;
  if (!sheet) {
    message("Nothing to go back to in this tab.");
    return;
  }
  try {
    const masks = await fetchMasks(sheet.views);
    if (aside) return;
    message("");
    aside = shown ?? { sheet, masks, above: 0, threshold: 0, run: null };
    show({ ...aside, sheet, masks });
  } catch (error) {
    session.explain(error, "No connection: the last page cannot be drawn. Try again.");
  }
}

/** From a page that was confirmed back to the one to confirm. */
function goOn() {
  message("");
  const page = aside;
  aside = null;
  if (page && page.sheet !== shown?.sheet && page.sheet.label === choice.now.label) show(page);
  else advance();
}

function restart() {
  message("");
  aside = null;
  shown = null;
  pages.forget();
  advance();
}

/** The person has signed in again. */
function again() {
  outbox.wake();
  if (!shown) advance();
}

session.follow(outbox);
outbox.addEventListener("refused", (event) => message(/** @type {CustomEvent} */ (event).detail.detail));
listen({ mark, move, confirm, undo, undoOne, again: advance });
advance();
