// Stock Yjs editors that edit at random: node editors.mjs WS_URL FILE TOKENS SEED EDITS
// Prints "done" when all edits are made, then answers each line of standard input with the texts.
import { createInterface } from "node:readline";
import * as Y from "yjs";
import { WebsocketProvider } from "y-websocket";
import WebSocket from "ws";

const [url, file, tokens, seed, edits] = process.argv.slice(2);
const WORDS = ["a", "bc ", "\n", "é", "😀", "e\u0301", "def"];

// A generator of random numbers that can be started anew (mulberry32).
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const halves = (text, at) =>
  at > 0 && at < text.length && text.charCodeAt(at) >= 0xdc00 && text.charCodeAt(at) <= 0xdfff;

function edit(text, random) {
  const now = text.toString();
  let at = Math.floor(random() * (now.length + 1));
  if (halves(now, at)) at -= 1;
  if (random() < 0.4) {
    let end = Math.min(now.length, at + 1 + Math.floor(random() * 4));
    if (halves(now, end)) end -= 1;
    if (end > at) text.delete(at, end - at);
  } else {
    text.insert(at, WORDS[Math.floor(random() * WORDS.length)]);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function work(token, random) {
  const doc = new Y.Doc();
  const options = { WebSocketPolyfill: WebSocket, params: { token }, disableBc: true, maxBackoffTime: 100 };
  const provider = new WebsocketProvider(url, file, doc, options);
  const text = doc.getText("content");
  provider.awareness.setLocalStateField("user", { name: "Yjs" });
  await new Promise((resolve) => provider.once("synced", resolve));
  for (let number = 0; number < edits; number += 1) {
    edit(text, random);
    if (random() < 0.03) provider.disconnect();
    else if (random() < 0.3) provider.connect();
    await pause(random() * 10);
  }
  provider.connect();
  return text;
}

const random = generator(Number(seed));
const texts = await Promise.all(tokens.split(",").map((token) => work(token, random)));
console.log(JSON.stringify("done"));
for await (const _ of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(texts.map((text) => text.toString())));
}
process.exit(0);
