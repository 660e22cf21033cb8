// Talking to the REST API in a signed-in browser.

// Whose page this is. All tabs share one cookie; the server refuses what one person's page sends
// after another has signed in to the same browser.
const labeler = document.body.dataset.labeler;
/** @type {Record<string, string>} */
const LABELER = labeler ? { "Somata-Labeler": labeler } : {};

/** The server refused; `detail` says what to do. */
export class Refused extends Error {
  /** @param {number} status @param {string} detail @param {string | null} title of the problem; null where the answer is not one of Somata's */
  constructor(status, detail, title = null) {
    super(detail);
    this.status = status;
    this.detail = detail;
    this.title = title;
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** The server could not be reached. */
export class Unreachable extends Error {}

/** What a failure says to a person. @param {unknown} error */
export function wordsOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @param {(response: Response) => Promise<any>} [read]
 * @returns {Promise<any>} the JSON of the answer, or what `read` makes of it
 */
async function call(path, options = {}, read = (response) => response.json()) {
  let response;
  try {
    response = await fetch(path, {
      ...options,
      credentials: "same-origin",
      headers: { Accept: "application/json", ...LABELER, ...options.headers },
    });
  } catch (error) {
    throw new Unreachable(String(error));
  }
  if (!response.ok) throw await refusal(response);
  try {
    return await read(response);
  } catch (error) {
    // The connection broke in the middle of the answer: nobody knows what the server did.
    throw new Unreachable(String(error));
  }
}

/** @param {Response} response */
async function refusal(response) {
  try {
    const problem = await response.json();
    return new Refused(response.status, problem.detail || problem.title, problem.title || null);
  } catch {
    return new Refused(response.status, response.statusText || `status ${response.status}`);
  }
}

/** @param {string} path @param {AbortSignal} [signal] */
export function get(path, signal) {
  return call(path, { signal: signal || null });
}

/** @param {string} path @returns {Promise<ArrayBuffer>} */
export function fetchBytes(path) {
  return call(path, {}, (response) => response.arrayBuffer());
}

/** @param {string} path @param {unknown} body @param {AbortSignal} [signal] */
export function post(path, body, signal) {
  return call(path, {
    method: "POST",
    signal,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}
