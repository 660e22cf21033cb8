// IndexedDB: one store of the answers that wait in this browser, by key.

/** @typedef {import("./kept.js").Entry} Entry */

const NAME = "somata";
const STORE = "outbox";
const OPENS_WITHIN_MS = 3000;

export class AnswersDatabase {
  constructor() {
    /** @type {Promise<IDBDatabase> | null} */
    this.opened = null;
  }

  /** On disk, not only handed to the system, when this resolves. Rejects where it cannot be kept. @param {Entry} entry */
  async add(entry) {
    // Strict: what is kept here is all there is of an answer until the server has it, and it
    // should outlive a power cut. Nobody waits for the disk: the journal has it meanwhile.
    const transaction = (await this.#open()).transaction(STORE, "readwrite", { durability: "strict" });
    transaction.objectStore(STORE).put(entry);
    await ended(transaction);
  }

  /** Those whose keys begin so, in order. @param {string} prefix @returns {Promise<Entry[]>} */
  async all(prefix) {
    const store = (await this.#open()).transaction(STORE, "readonly").objectStore(STORE);
    const request = store.getAll(IDBKeyRange.bound(prefix, `${prefix}\uffff`));
    await ended(request.transaction);
    return request.result;
  }

  /** @param {string[]} keys */
  async remove(keys) {
    // Relaxed: if the removal is lost, the answer is sent once more, which is harmless.
    const transaction = (await this.#open()).transaction(STORE, "readwrite", { durability: "relaxed" });
    for (const key of keys) transaction.objectStore(STORE).delete(key);
    await ended(transaction);
  }

  #open() {
    this.opened ??= this.#opening().catch((error) => {
      this.opened = null;
      throw error;
    });
    return this.opened;
  }

  /** @returns {Promise<IDBDatabase>} */
  #opening() {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, 1);
      setTimeout(() => reject(new Error("IndexedDB does not open")), OPENS_WITHIN_MS);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        // Closed from outside, e.g. because the person clears the site's data: opened again.
        request.result.onclose = request.result.onversionchange = () => {
          request.result.close();
          this.opened = null;
        };
        resolve(request.result);
      };
    });
  }
}

/** @param {IDBTransaction | null} transaction @returns {Promise<void>} */
function ended(transaction) {
  return new Promise((resolve, reject) => {
    if (!transaction) return resolve();
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
