// Stock Yjs editors that bring much at once: node backlog.mjs WS_URL [[FILE, TOKEN, WHAT], ...]
// Prints, as JSON, how each of them ended: "same" once a second, fresh editor has the same text, or
// the code of the close that the provider took for final. One begins after the other.
import * as Y from "yjs";
import { WebsocketProvider } from "y-websocket";
import WebSocket from "ws";

const [url, wanted] = process.argv.slice(2);

function open(file, token, connect) {
  const doc = new Y.Doc();
  const options = { WebSocketPolyfill: WebSocket, params: { token }, disableBc: true, maxBackoffTime: 100, connect };
  return { doc, text: doc.getText("content"), provider: new WebsocketProvider(url, file, doc, options) };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const synced = async ({ provider }) => {
  while (!provider.synced) await pause(20);
};

const BYTES = 2 * 1024 * 1024;
const WAYS = {
  paste: (text) => text.insert(0, "x".repeat(BYTES - 64)),
  cjk: (text) => text.insert(0, "\u4e2d".repeat(Math.floor(BYTES / 3) - 64)),
  emoji: (text) => text.insert(0, "\u{1f600}".repeat(BYTES / 4 - 64)),
  too_much: (text) => text.insert(0, "x".repeat(BYTES + 64)),
  backlog(text) {
    // Somebody who types: 40 keys at each of 500 places, every tenth of them takes one back.
    for (let number = 0, at = 0; number < 20000; number += 1) {
      if (number % 40 === 0) at = (number * 7919) % (text.length + 1);
      if (number % 10 === 9) text.delete((at -= 1), 1);
      else text.insert(at++, "\u00e9");
    }
  },
};

async function bring(file, token, what) {
  const editor = open(file, token, what === "updates");
  let final = 0;
  editor.provider.on("connection-close", (event) => {
    if (event && event.code >= 4400 && event.code < 4500) final = event.code;
    if (final) console.error(event.code, event.reason);
  });
  if (what === "updates") {
    await synced(editor);
    for (let number = 0; number < 10000; number += 1) editor.text.insert(editor.text.length, "abc");
  } else {
    WAYS[what](editor.text);
    editor.provider.connect();
  }
  // Somebody who is there from the beginning tells when it is time for somebody fresh to come.
  const [first, fresh] = [open(file, token, true), open(file, token, false)];
  const same = ({ text }) => text.length === editor.text.length && text.toString() === editor.text.toString();
  const deadline = Date.now() + 60_000;
  while (!final && !same(first) && Date.now() < deadline) await pause(20);
  if (!final) {
    fresh.provider.connect();
    await Promise.race([synced(fresh), pause(30_000)]);
  }
  const end = final || (same(fresh) ? "same" : "other");
  for (const one of [editor, first, fresh]) one.provider.destroy();
  return end;
}

const ends = [];
for (const [file, token, what] of JSON.parse(wanted)) ends.push(await bring(file, token, what));
console.log(JSON.stringify(ends));
process.exit(0);
