// The desk: one component after another, by keyboard. An answer moves on at once; the outbox
// carries it to the server. In a round the answer is revealed first.

import { Refused, wordsOf } from "../api.js";
import { message } from "../dom.js";
import { Ahead, Work } from "./ahead.js";
import { choiceOf, emptyWords } from "./choice.js";
import { Counts } from "./counts.js";
import { History } from "./history.js";
import { newId } from "./ids.js";
import { listen } from "./keys.js";
import { Outbox } from "./outbox.js";
import { LONGEST_LOOK_S } from "./pace.js";
import { PauseReminder } from "./pause.js";
import { hideReveal, showReveal } from "./reveal.js";
import { Session } from "./session.js";
import { Tabs } from "./tabs.js";
import { View } from "./view.js";
import { Working } from "./working.js";
import { Discuss, Note, Reason } from "./writing.js";

const SHOW_KEPT_MS = 900;
const SLOW_REVEAL_MS = 2500;
const ASK_AGAIN_MS = 2000;

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const labeler = document.body.dataset.labeler || "";
const round = main.dataset.round ? Number(main.dataset.round) : null;

/** @type {Work | null} */
let current = null;
/** asking: a component waits for its answer. sent, revealed, kept: a round's answer is out.
 * looking: for the step to take back. @type {"asking" | "sent" | "revealed" | "kept" | "looking" | "idle"} */
let mode = "idle";
/** The round's answer that is on screen. @type {{id: string, label: number, before: number | null} | null} */
let given = null;
let timer = 0;
let retry = 0;

const view = new View();
const working = new Working();
const history = new History(round);
const outbox = new Outbox(labeler);
const session = new Session(again);
const ahead = new Ahead(choiceOf(round, restart), busy, () => view.prepare(ahead.upcoming), view.stage.fields);
const counts = new Counts(ahead, view);
const tabs = new Tabs(labeler, held);
const note = new Note(outbox);
const discussion = new Discuss(outbox, (item) => item.component === current?.item.component && goOn());
const reason = new Reason((item, text) => {
  if (item.component === current?.item.component) skip(text);
});

/** What this tab has on screen and ahead. @returns {number[]} */
function held() {
  const works = current ? [current, ...ahead.works] : ahead.works;
  return works.map((work) => work.item.component);
}

/** What must not be handed out here, beside what is ahead. @returns {number[]} */
function busy() {
  const elsewhere = [...outbox.components, ...tabs.components];
  return current ? [current.item.component, ...elsewhere] : elsewhere;
}

async function advance() {
  clearTimeout(timer);
  hideReveal();
  message("");
  given = null;
  current = ahead.take();
  mode = current ? "asking" : "idle";
  if (current) view.show(current);
  else view.wait();
  counts.show();
  await refill();
}

async function refill() {
  clearTimeout(retry);
  try {
    await tabs.fill(() => ahead.fill());
    session.alive();
    if (current) return;
    if (ahead.works.length) await advance();
    else if (ahead.exhausted) view.empty(...emptyWords(ahead.choice));
  } catch (error) {
    if (error instanceof Refused && !error.passing && error.status !== 401) {
      if (!current) view.empty("There is no work here", error.detail);
      return;
    }
    if (error instanceof Refused && error.status === 401) session.ended(error);
    else message(`No connection. Trying again${current ? "; what is here can be labeled" : ""}.`);
    retry = setTimeout(refill, ASK_AGAIN_MS);
  }
}

/** @param {number} label */
function answer(label) {
  if (mode !== "asking" || !current || !view.painted) return;
  view.press(`[data-label="${label}"]`);
  const id = newId();
  post(id, label, Math.min(working.since(view.shownAt) / 1000, LONGEST_LOOK_S));
  history.push(current.item, id);
  counts.count(current.item, 1);
  if (round === null) {
    advance();
    return;
  }
  mode = "sent";
  given = { id, label, before: null };
  timer = setTimeout(() => message("No answer yet. Enter goes on; yours is kept here until the server has it."), SLOW_REVEAL_MS);
}

/** @param {string} id @param {number} label @param {number | null} seconds */
function post(id, label, seconds) {
  if (!current) return;
  const { component, lease } = current.item;
  outbox.put("label", { id, component, label, lease, round, seconds }, current.item);
}

/** @param {{id: string, component: number, reveal: any}} receipt */
function reveal(receipt) {
  if (mode !== "sent" || !given || receipt.id !== given.id || !receipt.reveal) return;
  clearTimeout(timer);
  given.before = receipt.reveal.label_before;
  if (showReveal(given.label, receipt)) {
    mode = "revealed";
    message("");
  } else {
    mode = "kept";
    timer = setTimeout(advance, SHOW_KEPT_MS);
  }
}

function keep() {
  if (mode !== "revealed" || !given?.before || !current) return;
  const id = newId();
  // The blind answer freed the lease, so this one is given without.
  current.item.lease = null;
  post(id, given.before, null);
  history.extend(id);
  advance();
}

function goOn() {
  if (mode === "sent" || mode === "revealed" || mode === "kept") advance();
}

/** A round's component whose answer is out, revealed or not. */
function discuss() {
  if (!current || (mode !== "sent" && mode !== "revealed" && mode !== "kept")) return;
  clearTimeout(timer);
  discussion.open(current.item);
}

/** @param {string | null} why */
function skip(why = null) {
  if (mode !== "asking" || !current || !view.painted) return;
  view.press("[data-action=skip]");
  const id = newId();
  const { component, lease } = current.item;
  outbox.put("skip", { id, component, lease, round, reason: why || null }, current.item);
  history.push(current.item, id, "skip");
  advance();
}

function skipWithReason() {
  if (mode === "asking" && current && view.painted) reason.open(current.item);
}

/** Walk back: take the last answer back and show its component again. */
async function undo() {
  if (mode === "looking") return;
  view.press("[data-action=undo]");
  const last = history.pop() || (await earlier());
  if (last) takeBack(last);
}

/** The last step that only the server knows: of another device, or from before a reload. */
async function earlier() {
  const before = mode;
  // A digit pressed meanwhile is meant for what is being fetched, not for what is on screen.
  mode = "looking";
  view.wait();
  message("Looking for your last answer.");
  try {
    await begun;
    const found = history.pop() || (await history.earlier());
    if (found) return found;
    message("Nothing to undo here.");
  } catch (error) {
    if (error instanceof Refused && error.status === 401) session.ended(error);
    message(`Your earlier answers cannot be reached now: ${wordsOf(error)}`);
  }
  mode = before;
  if (current) view.show(current);
  return undefined;
}

/** @param {import("./history.js").Step} last */
function takeBack(last) {
  for (const undoes of [...last.ids].reverse()) outbox.put("undo", { id: newId(), undoes });
  if (last.kind === "label") counts.count(last.item, -1);
  clearTimeout(timer);
  hideReveal();
  // The one on screen comes back next, unless it is the very one that is taken back.
  if (current && current.item.component !== last.item.component) ahead.putBack(current);
  current = new Work(last.item, view.stage.fields);
  mode = "asking";
  given = null;
  message("Taken back. Answer it again.");
  view.show(current);
  counts.show();
}

/** @param {import("./ahead.js").Choice} choice */
function restart(choice) {
  current = null;
  ahead.choose(choice);
  advance();
}

function again() {
  outbox.wake();
  ahead.exhausted = false;
  if (current) refill();
  else advance();
}

session.follow(outbox);
outbox.addEventListener("refused", (event) => {
  const { detail, entry } = /** @type {CustomEvent} */ (event).detail;
  if (given && entry.body.id === given.id) advance();
  message(detail);
});
outbox.addEventListener("acknowledged", (event) => {
  const { receipt } = /** @type {CustomEvent} */ (event).detail;
  if (receipt) reveal(receipt);
});

// The queue is told what waits here, or it would hand it out again.
const begun = Promise.all([outbox.ready, tabs.ready]).then(() => history.restore(outbox.entries));
new PauseReminder(working);
listen({ answer, skip: () => skip(), skipWithReason, note: () => current && view.painted && note.open(current.item), undo, keep, change: goOn, discuss, again }, () => view.actions);
await begun;
advance();
