// From what is kept to the server, oldest first. Each answer has its own id, so that sending one
// twice (a lost reply, two browsers without locks) is harmless.

import { post, Refused } from "../api.js";

/**
 * @typedef {import("./kept.js").Entry} Entry
 * @typedef {{entry: Entry, receipt: any, refusal: string | null}} Result receipt: of a label alone
 */

const BATCH = 50;
/** A request that hangs would keep the other tabs from sending. */
const LONGEST_REQUEST_MS = 30_000;
const PATHS = {
  label: "/api/v1/labels",
  skip: "/api/v1/queue/skip",
  undo: "/api/v1/labels/undo",
  note: "/api/v1/notes",
  discuss: "/api/v1/discussions",
};

/** Whether the answer itself is refused, for good. All else passes: a lost network, a restart, a proxy's error page, an ended session. @param {unknown} error @returns {error is Refused} */
function refuses(error) {
  return error instanceof Refused && error.title !== null && !error.passing && error.status !== 401;
}

/**
 * Send until nothing waits. Raises what stops it for now.
 * @param {import("./kept.js").Kept} kept
 * @param {(results: Result[]) => void} settled
 */
export async function sendAll(kept, settled) {
  let batch = BATCH;
  for (;;) {
    const part = together(await kept.all(), batch);
    if (!part.length) return;
    try {
      settled(resultsOf(part, await send(part)));
    } catch (error) {
      if (!refuses(error)) throw error;
      if (part.length > 1) {
        // One of them is refused; alone, each of the others still gets through.
        batch = 1;
        continue;
      }
      settled([{ entry: part[0], receipt: null, refusal: error.detail }]);
      batch = BATCH;
    }
    await kept.remove(part);
  }
}

/** The oldest entries that can go in one request. @param {Entry[]} entries @param {number} batch */
function together(entries, batch) {
  const other = entries.findIndex((one) => one.kind !== "label");
  if (other === 0) return entries.slice(0, 1);
  return entries.slice(0, Math.min(other < 0 ? entries.length : other, batch));
}

/** @param {Entry[]} part */
function send(part) {
  const kind = part[0].kind;
  const bodies = part.map((one) => one.body);
  const signal = AbortSignal.timeout(LONGEST_REQUEST_MS);
  return post(PATHS[kind], kind === "label" ? { labels: bodies } : bodies[0], signal);
}

/** @param {Entry[]} part @param {any} answer @returns {Result[]} */
function resultsOf(part, answer) {
  if (part[0].kind !== "label") return [{ entry: part[0], receipt: null, refusal: null }];
  const receipts = new Map(answer.items.map((/** @type {any} */ one) => [one.id, one]));
  return part.map((entry) => {
    const receipt = receipts.get(entry.body.id) || null;
    return { entry, receipt, refusal: receipt?.status === "refused" ? receipt.detail : null };
  });
}
