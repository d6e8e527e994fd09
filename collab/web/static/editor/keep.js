// @ts-check
/**
 * Own changes that the server does not have yet, kept in this browser (IndexedDB) so that neither a
 * reload nor a dead battery loses them. It holds the text of a file that the person may read, and only
 * while something is unsent; signing out forgets all of it.
 *
 * Each window keeps its own: a Web Lock tells which windows live, and one that opens a file takes over
 * what a window that is gone has left of it.
 */
import { randomId } from "../core/text.js";

/** @typedef {import("./replica.js").State & { lastId: string }} Kept */

const NAME = "collab.texts";
const STORE = "texts";

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T>}
 */
async function within(mode, work) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const asked = work(database.transaction(STORE, mode).objectStore(STORE));
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  } finally {
    database.close();
  }
}

/**
 * Hold a lock for as long as this window lives, or until `end` is called; null if another one has it.
 * @param {string} name
 * @returns {Promise<(() => void) | null>}
 */
function held(name) {
  return new Promise((resolve) => {
    void navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((/** @type {(value?: unknown) => void} */ end) => resolve(() => end()));
    });
  });
}

/** What one window keeps of one file. */
export class Keep {
  #key;
  #place;
  #release;
  /** Writes go one after the other. @type {Promise<unknown>} */
  #last = Promise.resolve();

  /** @param {string} key @param {() => void} release @param {Kept | null} found */
  constructor(key, release, found) {
    this.#key = key;
    this.#place = key.slice(0, key.lastIndexOf("/") + 1);
    this.#release = release;
    this.found = found;
  }

  /**
   * Take over what a window that is gone has left of a file, or begin anew.
   * @param {number} userId
   * @param {number} fileId
   * @returns {Promise<Keep>}
   */
  static async of(userId, fileId) {
    const place = `${userId}/${fileId}/`;
    if (!navigator.locks) return Keep.#ofTab(place);
    for (const key of await keysOf(place)) {
      const release = await held(`${NAME}/${key}`);
      if (!release) continue;
      const found = await within("readonly", (store) => store.get(key)).catch(() => null);
      if (found) return new Keep(key, release, found);
      release();
    }
    const key = place + randomId();
    return new Keep(key, (await held(`${NAME}/${key}`)) ?? (() => {}), null);
  }

  /** Without locks nobody knows which windows live: a tab takes up what it kept itself. @param {string} place */
  static async #ofTab(place) {
    const key = sessionStorage.getItem(`${NAME}/${place}`) ?? place + randomId();
    sessionStorage.setItem(`${NAME}/${place}`, key);
    const found = await within("readonly", (store) => store.get(key)).catch(() => null);
    return new Keep(key, () => {}, found ?? null);
  }

  /** @param {Kept} kept @returns {Promise<boolean>} whether it could be kept */
  save(kept) {
    return this.#write((store) => store.put(kept, this.#key));
  }

  forget() {
    return this.#write((store) => store.delete(this.#key));
  }

  /** @param {(store: IDBObjectStore) => IDBRequest} work */
  #write(work) {
    // Where the browser lets nothing be kept (a private window), editing goes on without.
    const done = this.#last
      .then(() => within("readwrite", work))
      .then(
        () => true,
        () => false,
      );
    this.#last = done;
    return done;
  }

  /**
   * Wait for the other windows that have the file open: what one leaves unsent when it goes is handed on, once.
   * @param {AbortSignal} signal
   * @param {(kept: Kept) => Promise<void>} deliver
   */
  async inherit(signal, deliver) {
    for (const key of await keysOf(this.#place)) {
      if (key === this.#key || !navigator.locks) continue;
      const take = async () => {
        const kept = await within("readonly", (store) => store.get(key));
        if (!kept) return;
        await deliver(kept);
        await within("readwrite", (store) => store.delete(key));
      };
      navigator.locks.request(`${NAME}/${key}`, { signal }, take).catch(() => {}); // then the next window tries
    }
  }

  /** Let another window take over what is kept. */
  async close() {
    await this.#last;
    this.#release();
  }
}

/** @param {string} place @returns {Promise<string[]>} */
async function keysOf(place) {
  try {
    const range = IDBKeyRange.bound(place, `${place}\uffff`);
    return /** @type {string[]} */ (await within("readonly", (store) => store.getAllKeys(range)));
  } catch {
    return [];
  }
}

/** Forget all texts, as when somebody signs out. */
export function forgetTexts() {
  indexedDB.deleteDatabase(NAME);
}
