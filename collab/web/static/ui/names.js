// @ts-check
/** Names of people, each asked for once. */
import { h, replace } from "../core/dom.js";

export class People {
  /** @type {Map<number, Promise<string>>} */
  #names = new Map();

  /** @param {import("../core/context.js").Context} ctx */
  constructor(ctx) {
    this.ctx = ctx;
  }

  /** A place that gets somebody's name as soon as it is known. @param {number} id */
  name(id) {
    const place = h("span", { dir: "auto" }, `person ${id}`);
    const asked = this.#names.get(id) ?? this.#ask(id);
    this.#names.set(id, asked);
    void asked.then((name) => replace(place, name)).catch(() => {});
    return place;
  }

  /** @param {number} id @returns {Promise<string>} */
  async #ask(id) {
    const { data } = await this.ctx.api.get(`users/${id}`, { signal: this.ctx.signal });
    return data.name;
  }
}
