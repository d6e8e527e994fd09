// @ts-check
/** Things that are done a little later, each at most once at a time. */
export class Timers {
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #running = new Map();

  /** @param {string} name @param {number} wait milliseconds @param {() => void} work */
  later(name, wait, work) {
    if (this.#running.has(name)) return;
    const timer = setTimeout(() => [this.#running.delete(name), work()], wait);
    this.#running.set(name, timer);
  }

  dispose() {
    for (const timer of this.#running.values()) clearTimeout(timer);
    this.#running.clear();
  }
}
