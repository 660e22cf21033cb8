// The desk: one component after another, by keyboard. An answer moves on at once; the outbox
// carries it to the server. In a round the answer is revealed first.

import { Refused } from "../api.js";
import { Ahead, Work } from "./ahead.js";
import { listen } from "./keys.js";
import { Outbox } from "./outbox.js";
import { LONGEST_LOOK_S, Pace } from "./pace.js";
import { hideReveal, showReveal } from "./reveal.js";
import { View } from "./view.js";
import { choiceOf, emptyWords } from "./choice.js";
import { History } from "./history.js";

const SHOW_KEPT_MS = 900;
const SLOW_REVEAL_MS = 2500;
const ASK_AGAIN_MS = 2000;

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const labeler = document.body.dataset.labeler || "";
const round = main.dataset.round ? Number(main.dataset.round) : null;
const view = new View();
const pace = new Pace(`somata.done.${round ?? "free"}`);
const history = new History(`somata.history.${labeler}.${round ?? "free"}`);
const outbox = new Outbox(labeler);
const ahead = new Ahead(choiceOf(round, restart), busy);

/** @type {Work | null} */
let current = null;
/** asking: a component waits for its answer. sent, revealed, kept: a round's answer is out. @type {"asking" | "sent" | "revealed" | "kept" | "idle"} */
let mode = "idle";
/** The round's answer that is on screen. @type {{id: string, label: number, before: number | null} | null} */
let given = null;
let timer = 0;
let retry = 0;

function busy() {
  return current ? [current.item.component, ...outbox.components] : outbox.components;
}

async function advance() {
  clearTimeout(timer);
  hideReveal();
  view.message("");
  given = null;
  current = ahead.take();
  mode = current ? "asking" : "idle";
  if (current) view.show(current);
  else view.wait();
  view.progress(pace, ahead.remaining);
  await refill();
}

async function refill() {
  clearTimeout(retry);
  try {
    await ahead.fill();
    if (current) return;
    if (ahead.works.length) await advance();
    else if (ahead.exhausted) view.empty(...emptyWords(ahead.choice));
  } catch (error) {
    if (error instanceof Refused && !error.passing && error.status !== 401) {
      if (!current) view.empty("There is no work here", error.detail);
      return;
    }
    if (error instanceof Refused && error.status === 401) view.saved({ state: "signed-out", waiting: outbox.entries.length });
    else view.message("No connection. Trying again; what is here can be labeled.");
    retry = setTimeout(refill, ASK_AGAIN_MS);
  }
}

/** @param {number} label */
function answer(label) {
  if (mode !== "asking" || !current || !view.painted) return;
  view.press(`[data-label="${label}"]`);
  const id = crypto.randomUUID();
  post(id, label, Math.min((performance.now() - view.shownAt) / 1000, LONGEST_LOOK_S));
  history.push(current.item, [id]);
  pace.count(1);
  if (ahead.remaining) ahead.remaining -= 1;
  if (round === null) {
    advance();
    return;
  }
  mode = "sent";
  given = { id, label, before: null };
  timer = setTimeout(() => view.message("No answer yet. Enter goes on; yours is kept here until the server has it."), SLOW_REVEAL_MS);
}

/** @param {string} id @param {number} label @param {number | null} seconds */
function post(id, label, seconds) {
  if (!current) return;
  const { component, lease } = current.item;
  outbox.put("label", { id, component, label, lease, round, seconds });
}

/** @param {{id: string, reveal: any}} receipt */
function reveal(receipt) {
  if (mode !== "sent" || !given || receipt.id !== given.id || !receipt.reveal) return;
  clearTimeout(timer);
  given.before = receipt.reveal.label_before;
  if (showReveal(given.label, receipt.reveal)) {
    mode = "revealed";
    view.message("");
  } else {
    mode = "kept";
    timer = setTimeout(advance, SHOW_KEPT_MS);
  }
}

function keep() {
  if (mode !== "revealed" || !given?.before || !current) return;
  const id = crypto.randomUUID();
  // The blind answer freed the lease, so this one is given without.
  current.item.lease = null;
  post(id, given.before, null);
  history.extend(id);
  advance();
}

function goOn() {
  if (mode === "sent" || mode === "revealed" || mode === "kept") advance();
}

function skip() {
  if (mode !== "asking" || !current || !view.painted) return;
  view.press("[data-action=skip]");
  const id = crypto.randomUUID();
  const { component, lease } = current.item;
  outbox.put("skip", { id, component, lease, round });
  history.push(current.item, [id], "skip");
  advance();
}

/** Walk back: take the last answer back and show its component again. */
function undo() {
  const last = history.pop();
  if (!last) {
    view.message("Nothing to undo here.");
    return;
  }
  view.press("[data-action=undo]");
  for (const undoes of [...last.ids].reverse()) outbox.put("undo", { id: crypto.randomUUID(), undoes });
  if (last.kind === "label") {
    pace.count(-1);
    if (ahead.remaining !== null) ahead.remaining += 1;
  }
  clearTimeout(timer);
  hideReveal();
  // The one on screen comes back next, unless it is the very one that is taken back.
  if (current && current.item.component !== last.item.component) ahead.putBack(current);
  current = new Work({ ...last.item, lease: null });
  mode = "asking";
  given = null;
  view.message("Taken back. Answer it again.");
  view.show(current);
  view.progress(pace, ahead.remaining);
}

/** @param {import("./ahead.js").Choice} choice */
function restart(choice) {
  current = null;
  ahead.choose(choice);
  advance();
}

function again() {
  ahead.exhausted = false;
  advance();
}

outbox.addEventListener("state", (event) => view.saved(/** @type {CustomEvent} */ (event).detail));
outbox.addEventListener("refused", (event) => {
  const { detail, entry } = /** @type {CustomEvent} */ (event).detail;
  if (given && entry.body.id === given.id) advance();
  view.message(detail);
});
outbox.addEventListener("unkept", () => view.message("This browser keeps no answers across a reload. Leave the page open until all is saved."));
outbox.addEventListener("acknowledged", (event) => {
  const { receipt } = /** @type {CustomEvent} */ (event).detail;
  if (receipt) reveal(receipt);
});

listen({ answer, skip, undo, keep, change: goOn, again });
view.saved({ state: outbox.state, waiting: outbox.entries.length });
advance();
