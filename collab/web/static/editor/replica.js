// @ts-check
/**
 * A text as one person sees it while others change it, too. What the server has is `base`, at `version`;
 * of one's own changes one edit at most is on its way (`sent`), the others wait after it (`pending`).
 * `text` is all of it together. Pure: it neither sends nor draws, so it can be tested by the million.
 */
import { NOTHING, apply, compose, moved, transform } from "./delta.js";
import { difference } from "./difference.js";
import { deltaOf, split } from "./wire.js";

/** @typedef {import("./delta.js").Delta} Delta */
/** @typedef {{ id: string, delta: Delta }} Sent */
/** @typedef {{ version: number, edits: import("./wire.js").Edit[] | null, edit_id?: string | null }} Told `file.edited` */
/** @typedef {{ base: string, version: number, sent: Sent | null, pending: Delta }} State what is kept of it */

/** Units and steps of one message: as JSON far below the socket's 256 KiB, and told to others in full. */
const UNITS_AT_ONCE = 32 * 1024;
const STEPS_AT_ONCE = 2000;

export class Replica {
  /**
   * @param {State} state
   * @param {() => string} newId names an edit, so that it is carried out once however often it is sent
   */
  constructor(state, newId) {
    this.base = state.base;
    this.version = state.version;
    this.sent = state.sent;
    this.pending = state.pending;
    this.newId = newId;
    this.text = apply(state.sent ? apply(state.base, state.sent.delta) : state.base, state.pending);
    /** The version at which the server said that nothing is left of `sent`. @type {number | null} */
    this.voidAt = null;
  }

  /** @returns {State} */
  get state() {
    const { base, version, sent, pending } = this;
    return { base, version, sent, pending };
  }

  /** Whether the server has all of it. */
  get settled() {
    return this.sent === null && this.pending.length === 0;
  }

  /** Change the text here. @param {Delta} delta */
  edit(delta) {
    this.text = apply(this.text, delta);
    this.pending = compose(this.pending, delta);
  }

  /** What is to be sent now, once; null while something is on its way. @returns {Sent | null} */
  next() {
    if (this.sent !== null || this.pending.length === 0) return null;
    const [delta, rest] = split(this.pending, UNITS_AT_ONCE, STEPS_AT_ONCE);
    this.sent = { id: this.newId(), delta };
    this.pending = rest;
    return this.sent;
  }

  /**
   * Take in what the server told; returns the change of the text shown here, null for none, or "gap" if the
   * text has to be opened anew: a version is missing, or its edits were too long to be told.
   * @param {Told} told
   * @returns {Delta | null | "gap"}
   */
  take(told) {
    if (told.version <= this.version) return null;
    if (told.version !== this.version + 1) return "gap";
    if (this.sent && told.edit_id === this.sent.id) return this.#acknowledge(told.version);
    if (told.edits === null) return "gap";
    return this.#merge(deltaOf(told.edits), told.version);
  }

  /** @param {number} version */
  #acknowledge(version) {
    this.base = this.settledText;
    this.version = version;
    this.sent = this.voidAt = null;
    return null;
  }

  /** The text without what waits. */
  get settledText() {
    return this.sent ? apply(this.base, this.sent.delta) : this.base;
  }

  /** @param {Delta} theirs @param {number} version @returns {Delta} */
  #merge(theirs, version) {
    this.base = apply(this.base, theirs);
    this.version = version;
    let delta = theirs;
    if (this.sent) {
      const mine = this.sent.delta;
      this.sent = { id: this.sent.id, delta: transform(mine, delta) };
      delta = transform(delta, mine, true);
    }
    const waiting = this.pending;
    this.pending = transform(waiting, delta);
    delta = transform(delta, waiting, true);
    this.text = apply(this.text, delta);
    return delta;
  }

  /**
   * The server says that nothing is left of what was sent, as of a version. Returns whether that is so
   * here: false while versions before it are on their way, "gap" if something is left of it here.
   * @param {number} [version]
   * @returns {boolean | "gap"}
   */
  nothingLeft(version) {
    this.voidAt = version ?? this.voidAt;
    if (this.voidAt === null || this.sent === null || this.version < this.voidAt) return false;
    if (this.sent.delta.length > 0) return "gap";
    this.sent = this.voidAt = null;
    return true;
  }

  /**
   * Go on from the text as the server has it now. `included` tells whether what was sent is in it.
   * Returns the change of the text shown here.
   * @param {string} content
   * @param {number} version
   * @param {boolean} included
   * @returns {Delta}
   */
  reopen(content, version, included) {
    if (included) [this.base, this.sent] = [this.settledText, null];
    this.voidAt = null;
    return this.#merge(difference(this.base, content), version);
  }

  /** Give one's own changes up, and return the change of the text shown here. @returns {Delta} */
  discard() {
    const before = this.text;
    [this.sent, this.pending, this.voidAt, this.text] = [null, NOTHING, null, this.base];
    return difference(before, this.base);
  }

  /**
   * Where a position of the server's version is in the text shown here.
   * @param {number} position
   */
  toOwn(position) {
    const there = this.sent ? moved(position, this.sent.delta) : position;
    return Math.min(moved(there, this.pending), this.text.length);
  }

  /**
   * Where a position of the text shown here is in the server's version.
   * @param {number} position
   */
  toServer(position) {
    return Math.min(
      moved(moved(position, backwards(this.pending)), backwards(this.sent?.delta ?? NOTHING)),
      this.base.length,
    );
  }
}

/**
 * A change turned around, for positions alone: what it deleted comes back as that many blanks.
 * @param {Delta} delta
 * @returns {Delta}
 */
function backwards(delta) {
  return delta.map((step) => (typeof step === "string" ? -step.length : step < 0 ? " ".repeat(-step) : step));
}
