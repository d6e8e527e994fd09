// @ts-check
/** Telling the others where one's own cursor is: not more often than they can see. */
import { Timers } from "./timers.js";

/** Milliseconds between two words about it. */
const EVERY = 80;

export class OwnCursor {
  /** @type {{ position: number, anchor: number } | null} */
  #at = null;
  #timers = new Timers();

  /**
   * @param {number} fileId
   * @param {typeof import("../core/live.js").live} live
   * @param {() => import("./replica.js").Replica | null} replica the text, while there is one
   */
  constructor(fileId, live, replica) {
    this.fileId = fileId;
    this.live = live;
    this.replica = replica;
  }

  /** @param {number} position @param {number} anchor */
  move(position, anchor) {
    this.#at = { position, anchor };
    this.again();
  }

  /** Say it again, as once what was typed is with the server. */
  again() {
    if (this.#at) this.#timers.later("cursor", EVERY, () => this.#send());
  }

  #send() {
    const replica = this.replica();
    if (!replica || !this.#at) return;
    const { position, anchor } = this.#at;
    const place = { position: replica.toServer(position), anchor: replica.toServer(anchor) };
    this.live.send({ type: "cursor_moved", file_id: this.fileId, ...place, version: replica.version });
  }

  dispose() {
    this.#timers.dispose();
  }
}
