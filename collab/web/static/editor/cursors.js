// @ts-check
/** Where the others are in a text: positions that move along with everybody's edits. */
import { endOf, moved } from "./delta.js";

/** @typedef {{ userId: number, name: string, position: number, anchor: number, at: number }} Cursor `at`: when it moved, in milliseconds */

/** @typedef {{ user_id: number, position: number, anchor?: number }} Told by the server, in its version */

export class Cursors {
  /** @type {Map<number, Cursor>} */
  #known = new Map();
  /** @type {Map<number, string>} */
  #names = new Map();
  #self;

  /** @param {number} self whose own cursor is not shown: the browser draws it */
  constructor(self) {
    this.#self = self;
  }

  /** The others who are here. @returns {{ id: number, name: string }[]} */
  get people() {
    return [...this.#names].map(([id, name]) => ({ id, name }));
  }

  /** @returns {Cursor[]} */
  get all() {
    return [...this.#known.values()].filter((one) => this.#names.has(one.userId));
  }

  /** @param {{ user_id: number, name: string }[]} people all who are here */
  present(people) {
    this.#names.clear();
    for (const one of people) this.joined(one);
    for (const id of this.#known.keys()) if (!this.#names.has(id)) this.#known.delete(id);
  }

  /** @param {{ user_id: number, name: string }} person */
  joined({ user_id: id, name }) {
    if (id !== this.#self) this.#names.set(id, name);
  }

  /** @param {number} id */
  left(id) {
    this.#names.delete(id);
    this.#known.delete(id);
  }

  /** @param {number} userId @param {number} position @param {number} anchor */
  set(userId, position, anchor) {
    if (userId === this.#self) return;
    const name = this.#names.get(userId) ?? "";
    this.#known.set(userId, { userId, name, position, anchor, at: Date.now() });
  }

  /** Show what the server told, where it is in the text shown here. @param {Told[]} told @param {import("./replica.js").Replica} replica */
  place(told, replica) {
    for (const { user_id: userId, position, anchor = position } of told)
      if (typeof position === "number") this.set(userId, replica.toOwn(position), replica.toOwn(anchor));
  }

  /**
   * Take in what happened; returns whether it is about cursors.
   * @param {import("../core/live.js").LiveEvent} event
   * @param {import("./replica.js").Replica} replica
   */
  take({ type, actor, data }, replica) {
    if (type === "cursor.moved") this.place([{ ...data, user_id: actor }], replica);
    else if (type === "user.joined") this.joined(data);
    else if (type === "user.left") this.left(data.user_id);
    else return false;
    return true;
  }

  /** Let all move along with a change. @param {import("./delta.js").Delta} delta */
  move(delta) {
    for (const one of this.#known.values()) {
      one.position = moved(one.position, delta);
      one.anchor = moved(one.anchor, delta);
    }
  }

  /** Somebody wrote: their cursor stands after it, before they say so themselves. @param {number} userId @param {import("./delta.js").Delta} delta */
  wrote(userId, delta) {
    const end = endOf(delta);
    this.set(userId, end, end);
  }
}
