// @ts-check
/**
 * A text that several people edit, kept in step over the socket: one edit on its way at a time, others'
 * edits merged as they come, all of it taken up again after a break, a reload or a lost right.
 */
import { asProblem } from "../core/problem.js";
import { createStore } from "../core/store.js";
import { randomId } from "../core/text.js";
import { Cursors } from "./cursors.js";

import { Keep } from "./keep.js";
import { deliver, isTaken } from "./leftovers.js";
import { OwnCursor } from "./own_cursor.js";
import { Replica } from "./replica.js";
import { lost, wayAfter } from "./status.js";
import { Timers } from "./timers.js";
import { editMessage } from "./wire.js";

/** @typedef {import("./delta.js").Delta} Delta */
/** @typedef {import("./status.js").Status} Status */
/** @typedef {import("../core/problem.js").Problem} Problem */
/**
 * @typedef {object} Listener
 * @property {(text: string) => void} onText the whole text, once it is known
 * @property {(delta: Delta) => void} onDelta what others did
 * @property {() => void} onCursors
 */

/** Milliseconds until changes that the server does not have are kept. */
const KEEP_AFTER = 250;

export class TextClient {
  /** @type {Replica | null} */
  #replica = null;
  /** What came and waits: for the text, for a composition to end, for the text to be opened anew. @type {any[]} */
  #early = [];
  #held = false;
  #freed = () => {};
  #anew = false;
  #gap = false;
  #failures = 0;
  #lastId = "0";
  /** @type {Keep | null} */
  #keep = null;
  #timers = new Timers();
  #closed = false;
  #own;
  /** @type {(() => void)[]} */
  #ends = [];

  /**
   * @param {number} fileId
   * @param {{ id: number }} user
   * @param {typeof import("../core/live.js").live} live
   * @param {Listener} listener
   */
  constructor(fileId, user, live, listener) {
    this.fileId = fileId;
    this.user = user;
    this.live = live;
    this.listener = listener;
    /** @type {import("../core/store.js").Store<Status>} */
    this.status = createStore(/** @type {Status} */ ({ kind: "opening", unsent: false, kept: false, problem: null }));
    this.cursors = new Cursors(user.id);
    this.#own = new OwnCursor(fileId, live, () => (this.status.get().kind === "gone" ? null : this.#replica));
  }

  get settled() {
    return this.#replica?.settled ?? true;
  }

  /** Begin: with what is kept here, or with what the server has. */
  async start() {
    this.#keep = await Keep.of(this.user.id, this.fileId);
    if (this.#closed) return void this.#keep.close();
    const kept = this.#keep.found;
    if (kept) {
      this.#lastId = kept.lastId;
      this.#begin(new Replica(kept, randomId));
    }
    const handlers = {
      after: kept ? kept.lastId : null,
      onGap: () => (this.#gap = true),
      onLost: (/** @type {string} */ reason) => this.#lose(reason),
      onPresent: (/** @type {import("../core/live.js").Person[]} */ people) => this.#arrive(people),
    };
    const following = this.live.subscribe(`file:${this.fileId}`, (event) => this.#hear(event), handlers);
    following.ready.catch(() => {});
    const hide = () => this.#save();
    window.addEventListener("pagehide", hide);
    const ended = new AbortController();
    void this.#keep.inherit(ended.signal, (left) => deliver(this.fileId, this.live, left));
    this.#ends.push(
      () => ended.abort(),
      following.close,
      () => window.removeEventListener("pagehide", hide),
    );
  }

  close() {
    this.#closed = true;
    this.#save();
    for (const end of this.#ends.splice(0)) end();
    this.#timers.dispose();
    this.#own.dispose();
    void this.#keep?.close();
  }

  // -- what happens here ----------------------------------------------------------------------

  /** Change the text. @param {Delta} delta */
  edit(delta) {
    if (!this.#replica || delta.length === 0) return;
    this.#replica.edit(delta);
    this.cursors.move(delta);
    this.#push();
    this.#tell();
  }

  /** Hold back what others do while a character is being composed, so that nothing moves under it. @param {boolean} on */
  hold(on) {
    this.#held = on;
    if (on) return;
    this.#freed();
    this.#drain();
  }

  /** Tell the others where the own cursor is. @param {number} position @param {number} anchor */
  moveCursor(position, anchor) {
    this.#own.move(position, anchor);
  }

  /** Give up what the server did not take, and show what it has. */
  discard() {
    if (!this.#replica) return;
    this.listener.onDelta(this.#replica.discard());
    this.#tell("live");
    this.#save();
  }

  /** The right to write is there (again), or not. @param {boolean} may */
  allow(may) {
    const { kind } = this.status.get();
    if (may && kind === "reading") {
      this.#tell("live");
      this.retry();
    } else if (!may && kind === "live") this.#tell("reading");
  }

  /** Try again at once what was refused. */
  retry() {
    if (!this.#replica) void this.#open();
    else if (this.#gap) void this.#openAnew();
    else if (this.#replica.sent) void this.#post();
    else this.#push();
  }

  // -- what comes ----------------------------------------------------------------------------

  /** @param {import("../core/live.js").Person[]} people */
  #arrive(people) {
    this.cursors.present(people);
    this.listener.onCursors();
    this.retry();
  }

  async #open() {
    try {
      const opened = await this.live.request({ type: "file.open", file_id: this.fileId });
      if (this.#replica || this.#closed) return;
      this.#lastId = String(opened.last_id);
      this.#gap = false;
      this.#begin(new Replica({ base: opened.content, version: opened.version, sent: null, pending: [] }, randomId));
      this.#place(opened.cursors);
      this.#drain();
    } catch (error) {
      this.#refused(asProblem(error));
    }
  }

  /** @param {Replica} replica */
  #begin(replica) {
    this.#replica = replica;
    this.listener.onText(replica.text);
    this.#tell("live");
  }

  /** @param {import("./cursors.js").Told[]} cursors */
  #place(cursors) {
    for (const one of cursors) if (this.#replica) this.cursors.show(one, this.#replica);
    this.listener.onCursors();
  }

  /** @param {import("../core/live.js").LiveEvent} event */
  #hear(event) {
    this.#early.push(event);
    this.#drain();
  }

  #drain() {
    while (this.#early.length > 0 && this.#replica && !this.#held && !this.#anew) this.#take(this.#early.shift());
  }

  /** @param {import("../core/live.js").LiveEvent} event */
  #take(event) {
    if (event.type === "file.edited") this.#merge(event);
    else if (event.type === "cursor.moved") return this.#place([{ ...event.data, user_id: event.actor }]);
    else if (event.type === "user.joined") this.cursors.joined(event.data);
    else if (event.type === "user.left") this.cursors.left(event.data.user_id);
    else return;
    this.listener.onCursors();
  }

  /** @param {import("../core/live.js").LiveEvent} event */
  #merge(event) {
    const replica = /** @type {Replica} */ (this.#replica);
    const delta = replica.take(event.data);
    if (delta === "gap") return void this.#openAnew();
    this.#lastId = event.id;
    this.#failures = 0;
    if (delta) this.#follow(delta, event.actor);
    else this.#own.again();
    this.#noneLeft();
    this.#push();
    this.#tell(this.status.get().kind === "refused" && !delta ? "live" : undefined);
  }

  /** Show what others did. @param {Delta} delta @param {number} [author] */
  #follow(delta, author) {
    this.cursors.move(delta);
    if (author !== undefined) this.cursors.wrote(author, delta);
    this.listener.onDelta(delta);
  }

  /** @param {number} [version] */
  #noneLeft(version) {
    const left = this.#replica?.nothingLeft(version);
    if (left === "gap") void this.#openAnew();
    else if (left) this.#push();
    this.#tell();
  }

  // -- what goes -----------------------------------------------------------------------------

  #push() {
    const kind = this.status.get().kind;
    if (this.#anew || kind === "gone" || kind === "reading" || this.live.state.get() !== "online") return;
    if (this.#replica?.next()) void this.#post();
  }

  async #post() {
    const replica = this.#replica;
    if (!replica?.sent || this.#anew) return;
    try {
      const { id } = replica.sent;
      const accepted = await this.live.request(editMessage(this.fileId, replica));
      if (accepted.edits.length === 0 && replica.sent?.id === id) this.#noneLeft(accepted.version);
    } catch (error) {
      this.#refused(asProblem(error));
    }
  }

  /**
   * Open the text anew, and put the own changes on it: versions are missing, or too much has changed since.
   */
  async #openAnew() {
    const replica = this.#replica;
    if (this.#anew || !replica || this.#closed) return;
    this.#anew = this.#gap = true;
    try {
      const included = await isTaken(this.fileId, this.live, replica);
      const opened = await this.live.request({ type: "file.open", file_id: this.fileId });
      if (this.#held)
        await new Promise((/** @type {(value?: unknown) => void} */ done) => (this.#freed = () => done()));
      this.#gap = false;
      this.#lastId = String(opened.last_id);
      this.#follow(replica.reopen(opened.content, opened.version, included));
      this.#place(opened.cursors);
    } catch (error) {
      this.#refused(asProblem(error));
    } finally {
      this.#anew = false;
    }
    if (this.#gap) return;
    this.#drain();
    this.#tell(this.status.get().kind === "refused" ? "live" : undefined);
    this.#push();
  }

  /** @param {Problem} problem */
  #refused(problem) {
    const way = this.#closed ? "reconnect" : wayAfter(problem, this.#failures);
    if (way === "reconnect") this.#tell();
    else if (way === "gone") this.#lose("404");
    else if (way === "reading") this.#tell("reading", problem);
    else if (way === "anew") [(this.#failures += 1), void this.#openAnew()];
    else {
      this.#tell("refused", problem);
      this.#timers.later("again", way, () => this.retry());
    }
  }

  /** @param {string} reason */
  #lose(reason) {
    this.#tell("gone", lost(reason));
    void this.#keep?.forget();
  }

  // -- what is kept and told -------------------------------------------------------------------

  #save() {
    const replica = this.#replica;
    if (!replica || !this.#keep || this.status.get().kind === "gone") return;
    if (replica.settled) return void this.#keep.forget();
    const { text } = replica;
    void this.#keep.save({ ...replica.state, lastId: this.#lastId }).then((kept) => {
      if (kept && replica.text === text) this.status.update((now) => ({ ...now, kept: now.unsent }));
    });
  }

  /** @param {Status["kind"]} [kind] @param {Problem | null} [problem] */
  #tell(kind, problem = null) {
    const before = this.status.get();
    const unsent = !this.settled;
    if (unsent || before.unsent) this.#timers.later("keep", unsent ? KEEP_AFTER : 0, () => this.#save());
    const next = { kind: kind ?? before.kind, unsent, kept: false, problem: kind ? problem : before.problem };
    if (before.kind === next.kind && before.problem === next.problem && before.unsent === unsent && !before.kept)
      return;
    this.status.set(next);
  }
}
