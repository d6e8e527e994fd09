// Stock Yjs, asked over standard input: each line is a question in JSON, each answer a line.
//   {"make": SEED, "edits": N}  editors that edit at random: the updates that they sent
//   {"apply": [UPDATE, ...]}    what becomes of updates, in this order (all in base64)
import { createInterface } from "node:readline";
import * as Y from "yjs";

// None is half a character: an editor that types one has another text than it sends.
const WORDS = ["a", "bc ", "\n", "é", "😀", "😁x", "e\u0301", "def", "👩‍👩‍👧"];
const base64 = (bytes) => Buffer.from(bytes).toString("base64");

// A generator of random numbers that can be started anew (mulberry32).
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// An edit by code units, which cuts characters in two now and then; sometimes beside the text.
function edit(doc, random) {
  const text = doc.getText("content");
  const below = (limit) => Math.floor(random() * limit);
  const at = below(text.length + 1);
  const kind = random();
  if (kind < 0.3) text.delete(at, Math.min(text.length - at, 1 + below(4)));
  else if (kind < 0.34) text.format(at, Math.min(text.length - at, 3), { bold: random() < 0.5 });
  else if (kind < 0.38) doc.getMap("map").set("k" + below(3), [1, { a: [random()] }]);
  else if (kind < 0.42) {
    const parent = doc.getArray("list");
    parent.insert(below(parent.length + 1), [new Y.Map(), new Y.Text("in 😀"), "x"]);
  } else if (kind < 0.45) {
    const list = doc.getArray("list");
    if (list.length) list.delete(below(list.length), 1);
  } else if (kind < 0.48) {
    doc.transact(() => { text.insert(at, "gone"); text.delete(at, 4); });
  } else if (kind < 0.5) {
    for (const one of doc.getArray("list")) if (one instanceof Y.Text) one.insert(below(one.length + 1), "y");
  } else text.insert(at, WORDS[below(WORDS.length)]);
}

function make(seed, edits) {
  const random = generator(seed);
  const count = 1 + Math.floor(random() * 4);
  const sent = [];
  const docs = Array.from({ length: count }, (_, number) => {
    const doc = new Y.Doc();
    doc.clientID = 1 + number + 4 * Math.floor(random() * 2 ** (number % 2 ? 5 : 30)); // each its own
    doc.on("update", (update, origin) => origin === "remote" || sent.push(update));
    return doc;
  });
  for (let number = 0; number < edits; number += 1) {
    const doc = docs[Math.floor(random() * count)];
    const other = docs[Math.floor(random() * count)];
    if (random() < 0.3 && doc !== other) {
      const news = Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc));
      Y.applyUpdate(doc, news, "remote");
      if (random() < 0.3) sent.push(news);
    } else edit(doc, random);
  }
  if (random() < 0.3) sent.push(Y.encodeStateAsUpdate(docs[0]));
  if (random() < 0.2) sent.push(Y.mergeUpdates(sent.slice(0, 5)));
  return sent.map(base64);
}

function told(doc) {
  const vector = [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort((a, b) => a[0] - b[0]);
  return { text: doc.getText("content").toString(), vector };
}

function apply(updates) {
  const doc = new Y.Doc();
  doc.getText("content");
  const failed = [];
  updates.forEach((update, number) => {
    try {
      Y.applyUpdate(doc, Buffer.from(update, "base64"));
    } catch (error) {
      failed.push([number, String(error)]);
    }
  });
  const again = new Y.Doc();
  let reload = null;
  try {
    Y.applyUpdate(again, Y.encodeStateAsUpdate(doc));
    reload = again.getText("content").toString();
  } catch (error) {
    reload = String(error);
  }
  const pending = doc.store.pendingStructs !== null || doc.store.pendingDs !== null;
  return { ...told(doc), failed, reload, pending };
}

console.error = console.warn = console.log = () => {};
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");
for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  try {
    say(question.make === undefined ? apply(question.apply) : make(question.make, question.edits));
  } catch (error) {
    say({ error: String(error.stack) });
  }
}
