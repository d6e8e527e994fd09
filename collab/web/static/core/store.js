// @ts-check
/** A value that tells when it changes, and changes that are shown before the server has them. */

/**
 * @template T
 * @typedef {object} Store
 * @property {() => T} get
 * @property {(value: T) => void} set
 * @property {(change: (value: T) => T) => void} update
 * @property {(listener: (value: T) => void) => () => void} subscribe calls at once, and with each change
 */

/**
 * @template T
 * @param {T} value
 * @returns {Store<T>}
 */
export function createStore(value) {
  /** @type {Set<(value: T) => void>} */
  const listeners = new Set();
  const set = (/** @type {T} */ next) => {
    if (Object.is(next, value)) return;
    value = next;
    for (const listener of [...listeners]) listener(value);
  };
  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    subscribe(listener) {
      listeners.add(listener);
      listener(value);
      return () => listeners.delete(listener);
    },
  };
}

/**
 * Show a change at once, and take it back if the server refuses it; then the error goes on.
 * @template T, R
 * @param {Store<T>} store
 * @param {(value: T) => T} change
 * @param {() => Promise<R>} commit
 * @returns {Promise<R>}
 */
export async function optimistic(store, change, commit) {
  const before = store.get();
  const after = change(before);
  store.set(after);
  try {
    return await commit();
  } catch (error) {
    // What came meanwhile is not thrown away: then whoever owns the store has loaded it anew.
    if (store.get() === after) store.set(before);
    throw error;
  }
}

/** A collection of ways to end something, for `dispose`. */
export class Bag {
  /** @type {(() => void)[]} */
  #ends = [];

  /** @param {(() => any)[]} ends */
  add(...ends) {
    this.#ends.push(...ends);
  }

  /** Listen to a target until the end. @param {EventTarget} target @param {string} kind @param {(event: any) => void} listener */
  listen(target, kind, listener) {
    target.addEventListener(kind, listener);
    this.add(() => target.removeEventListener(kind, listener));
  }

  dispose = () => {
    for (const end of this.#ends.splice(0).reverse()) end();
  };
}
