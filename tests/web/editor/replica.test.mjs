// Several people on one text over a network that delays, breaks and repeats: all come to one text.
import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, transform } from "../../../collab/web/static/editor/delta.js";
import { Replica } from "../../../collab/web/static/editor/replica.js";
import { deltaOf, editsOf } from "../../../collab/web/static/editor/wire.js";
import { below, chanceOf, oneOf, randomDelta, randomText } from "./chance.mjs";

const ROUNDS = 1500;

/** The rules of the server: edits are merged in the order in which they come, each once. */
class Server {
  constructor(text) {
    this.text = text;
    this.log = [];
    this.named = new Map();
  }

  get version() {
    return this.log.length;
  }

  /** Returns what is answered: the version, and what was done. */
  edit({ base, edits, id }) {
    if (this.named.has(id)) return this.named.get(id);
    let delta = deltaOf(edits);
    for (const told of this.log.slice(base)) delta = transform(delta, deltaOf(told.edits));
    if (delta.length === 0) return { version: this.version, edits: [] };
    this.text = apply(this.text, delta);
    this.log.push({ version: this.version + 1, edits: editsOf(delta), edit_id: id });
    this.named.set(id, { version: this.version, edits: editsOf(delta) });
    return this.named.get(id);
  }
}

/** One window: messages wait in `up` and `down`, in order, and are lost when it loses its connection. */
class Window {
  constructor(server, name, chance) {
    [this.server, this.chance] = [server, chance];
    let count = 0;
    const newId = () => `${name}-${(count += 1)}`;
    this.replica = new Replica({ base: server.text, version: server.version, sent: null, pending: [] }, newId);
    [this.up, this.down, this.shown, this.read] = [[], [], server.text, server.version];
    this.online = true;
  }

  type() {
    const delta = randomDelta(this.chance, this.shown);
    this.shown = apply(this.shown, delta);
    this.replica.edit(delta);
    this.send();
  }

  send() {
    if (this.online && this.replica.next()) this.repeat();
  }

  repeat() {
    const { sent, version } = this.replica;
    if (sent) this.up.push({ base: version, edits: editsOf(sent.delta), id: sent.id });
  }

  /** One message to the server, whose answer and whose news come back in the log's order. */
  rise() {
    const message = this.up.shift();
    if (!message) return;
    const answer = this.server.edit(message);
    this.fetch();
    this.down.push({ answer, id: message.id });
  }

  fetch() {
    if (!this.online) return;
    this.down.push(...this.server.log.slice(this.read));
    this.read = this.server.version;
  }

  fall() {
    const message = this.down.shift();
    if (!message) return;
    if (!message.answer) return this.take(this.chance() < 0.05 ? { ...message, edits: null } : message);
    if (message.answer.edits.length > 0 || message.id !== this.replica.sent?.id) return;
    this.left(message.answer.version);
  }

  take(told) {
    const delta = this.replica.take(told);
    if (delta === "gap") return this.reopen();
    if (delta) this.shown = apply(this.shown, delta);
    this.left();
    this.send();
  }

  left(version) {
    const nothing = this.replica.nothingLeft(version);
    assert.notEqual(nothing, "gap");
    if (nothing) this.send();
  }

  reopen() {
    const { sent, version } = this.replica;
    if (sent) this.server.edit({ base: version, edits: editsOf(sent.delta), id: sent.id });
    const delta = this.replica.reopen(this.server.text, this.server.version, sent !== null);
    this.shown = apply(this.shown, delta);
    this.send();
  }

  leave() {
    [this.online, this.up, this.down] = [false, [], []];
  }

  /** Come back, sometimes after the page was loaded again. */
  come() {
    if (this.online) return;
    this.online = true;
    if (this.chance() < 0.5) this.replica = new Replica(structuredClone(this.replica.state), this.replica.newId);
    this.read = this.replica.version;
    this.fetch();
    if (this.replica.sent) this.repeat();
    else this.send();
  }
}

test("whatever the network does, all windows come to the server's text", () => {
  for (let seed = 1; seed <= ROUNDS; seed += 1) {
    const chance = chanceOf(seed);
    const server = new Server(randomText(chance));
    const windows = ["a", "b", "c"].map((name) => new Window(server, name, chance));
    for (let step = 0; step < 60; step += 1) {
      const one = oneOf(chance, windows);
      const acts = ["type", "type", "rise", "rise", "fetch", "fall", "fall", "fall", "leave", "come"];
      one[acts[below(chance, acts.length)]]();
      assert.equal(one.replica.text, one.shown, `seed ${seed}: what is shown`);
    }
    settle(windows);
    for (const { replica } of windows) {
      assert.ok(replica.settled, `seed ${seed}: settled`);
      assert.equal(replica.text, server.text, `seed ${seed}`);
      assert.equal(replica.base, server.text, `seed ${seed}`);
    }
  }
});

function settle(windows) {
  for (const one of windows) one.come();
  for (let turn = 0; turn < 100; turn += 1) {
    for (const one of windows) {
      one.rise();
      one.fetch();
      while (one.down.length > 0) one.fall();
    }
  }
}

test("positions go to the server's version and back", () => {
  const replica = new Replica({ base: "hello world", version: 1, sent: null, pending: [] }, () => "x");
  replica.edit([5, " brave", 6]);
  assert.equal(replica.toOwn(8), 14);
  assert.equal(replica.toServer(14), 8);
  assert.equal(replica.toServer(7), 5);
});

test("what is given up leaves the server's text", () => {
  const replica = new Replica({ base: "one", version: 1, sent: null, pending: [] }, () => "x");
  replica.edit(["zero "]);
  replica.next();
  replica.edit([0, "more "]);
  assert.equal(apply("more zero one", replica.discard()), "one");
  assert.equal(replica.text, "one");
});
