// @ts-check
/**
 * A text that several people edit, kept in step over the socket: one edit on its way at a time, others'
 * edits merged as they come, all of it taken up again after a break, a reload or a lost right.
 */
import { asProblem } from "../core/problem.js";
import { createStore } from "../core/store.js";
import { randomId } from "../core/text.js";
import { Backlog } from "./backlog.js";
import { Cursors } from "./cursors.js";
import { Keeping } from "./keeping.js";
import { isTaken } from "./leftovers.js";
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

export class TextClient {
  /** @type {Replica | null} */
  #replica = null;
  #backlog = new Backlog(
    () => this.#replica !== null && !this.#anew,
    (event) => this.#take(event),
  );
  #anew = false;
  #gap = false;
  #failures = 0;
  #lastId = "0";
  #timers = new Timers();
  #closed = false;
  #own;
  #keeping;
  #unfollow = () => {};

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
    this.#keeping = new Keeping(
      () => this.#worthKeeping(),
      () => this.status.update((now) => ({ ...now, kept: now.unsent })),
    );
  }

  get settled() {
    return this.#replica?.settled ?? true;
  }

  /** Begin: with what is kept here, or with what the server has. */
  async start() {
    const kept = await this.#keeping.begin(this.user.id, this.fileId, this.live);
    if (this.#closed) return;
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
    const following = this.live.subscribe(`file:${this.fileId}`, (event) => this.#backlog.add(event), handlers);
    following.ready.catch(() => {});
    this.#unfollow = following.close;
  }

  close() {
    this.#closed = true;
    this.#keeping.end();
    this.#unfollow();
    this.#timers.dispose();
    this.#own.dispose();
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
    this.#backlog.compose(on);
  }

  /** Tell the others where one's own cursor is. @param {number} position @param {number} anchor */
  moveCursor(position, anchor) {
    this.#own.move(position, anchor);
  }

  /** Give up what the server did not take, and show what it has. */
  discard() {
    if (!this.#replica) return;
    this.listener.onDelta(this.#replica.discard());
    this.#tell("live");
    this.#keeping.save();
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
      this.#backlog.drain();
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
    if (this.#replica) this.cursors.place(cursors, this.#replica);
    this.listener.onCursors();
  }

  /** @param {import("../core/live.js").LiveEvent} event */
  #take(event) {
    const replica = /** @type {Replica} */ (this.#replica);
    if (event.type === "file.edited") this.#merge(event, replica);
    else if (!this.cursors.take(event, replica)) return;
    this.listener.onCursors();
  }

  /** @param {import("../core/live.js").LiveEvent} event @param {Replica} replica */
  #merge(event, replica) {
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
   * Open the text again, and put one's own changes on it: versions are missing, or too much has changed since.
   */
  async #openAnew() {
    const replica = this.#replica;
    if (this.#anew || !replica || this.#closed) return;
    this.#anew = this.#gap = true;
    try {
      const included = await isTaken(this.fileId, this.live, replica);
      const opened = await this.live.request({ type: "file.open", file_id: this.fileId });
      await this.#backlog.composed();
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
    this.#backlog.drain();
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
    this.#keeping.forget();
  }

  // -- what is kept and told -------------------------------------------------------------------

  #worthKeeping() {
    const replica = this.status.get().kind === "gone" ? null : this.#replica;
    return replica && { replica, lastId: this.#lastId };
  }

  /** @param {Status["kind"]} [kind] @param {Problem | null} [problem] */
  #tell(kind, problem = null) {
    const before = this.status.get();
    const unsent = !this.settled;
    if (unsent || before.unsent) this.#keeping.soon(unsent);
    const next = { kind: kind ?? before.kind, unsent, kept: false, problem: kind ? problem : before.problem };
    if (before.kind === next.kind && before.problem === next.problem && before.unsent === unsent && !before.kept)
      return;
    this.status.set(next);
  }
}
