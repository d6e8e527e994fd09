// @ts-check
/** Events that came and wait: for the text, for a composition to end, for the text to be opened anew. */

/** @typedef {import("../core/live.js").LiveEvent} LiveEvent */

export class Backlog {
  /** @type {LiveEvent[]} */
  #waiting = [];
  #composing = false;
  #freed = () => {};
  #isReady;
  #take;

  /** @param {() => boolean} isReady @param {(event: LiveEvent) => void} take */
  constructor(isReady, take) {
    this.#isReady = isReady;
    this.#take = take;
  }

  /** @param {LiveEvent} event */
  add(event) {
    this.#waiting.push(event);
    this.drain();
  }

  /** Hand on what need not wait any longer. */
  drain() {
    while (!this.#composing && this.#isReady()) {
      const event = this.#waiting.shift();
      if (!event) return;
      this.#take(event);
    }
  }

  /** @param {boolean} on */
  compose(on) {
    this.#composing = on;
    if (on) return;
    this.#freed();
    this.drain();
  }

  /** Wait until no character is being composed. @returns {Promise<void>} */
  async composed() {
    if (this.#composing) await new Promise((/** @type {(value?: unknown) => void} */ done) => (this.#freed = done));
  }
}
