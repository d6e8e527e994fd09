// @ts-check
/** When one's own changes of an open text that the server does not have are kept here, and when no longer. */
import { Keep } from "./keep.js";
import { deliver } from "./leftovers.js";
import { Timers } from "./timers.js";

/** @typedef {{ replica: import("./replica.js").Replica, lastId: string }} Worth what is worth keeping */

/** Milliseconds until changes that the server does not have are kept. */
const KEEP_AFTER = 250;

export class Keeping {
  /** @type {Keep | null} */
  #keep = null;
  #timers = new Timers();
  #ended = new AbortController();
  #worth;
  #onKept;

  /**
   * @param {() => Worth | null} worth null while nothing is known, and once the text is gone
   * @param {() => void} onKept all that is unsent is kept
   */
  constructor(worth, onKept) {
    this.#worth = worth;
    this.#onKept = onKept;
  }

  /**
   * Begin: returns what was left of the text, by a window that is gone.
   * @param {number} userId
   * @param {number} fileId
   * @param {typeof import("../core/live.js").live} live
   */
  async begin(userId, fileId, live) {
    const keep = await Keep.of(userId, fileId);
    const { signal } = this.#ended;
    if (signal.aborted) {
      void keep.close();
      return null;
    }
    this.#keep = keep;
    window.addEventListener("pagehide", () => this.save(), { signal });
    void keep.inherit(signal, (left) => deliver(fileId, live, left));
    return keep.found;
  }

  /** Keep what is unsent a little later; at once if nothing is. @param {boolean} unsent */
  soon(unsent) {
    this.#timers.later("keep", unsent ? KEEP_AFTER : 0, () => this.save());
  }

  save() {
    const worth = this.#worth();
    if (!worth || !this.#keep) return;
    const { replica, lastId } = worth;
    if (replica.settled) return this.forget();
    const { text } = replica;
    void this.#keep.save({ ...replica.state, lastId }).then((kept) => {
      if (kept && replica.text === text) this.#onKept();
    });
  }

  forget() {
    void this.#keep?.forget();
  }

  end() {
    this.save();
    this.#ended.abort();
    this.#timers.dispose();
    void this.#keep?.close();
  }
}
