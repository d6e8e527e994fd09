// @ts-check
/**
 * One socket for the whole page. Views follow topics; after a break each topic goes on behind the last
 * event that was seen, so nothing is missed and nothing comes twice. Its state is what is true: a
 * silent connection is asked for a sign of life, and given up without one.
 */
import { Problem } from "./problem.js";
import { session } from "./session.js";
import { createStore } from "./store.js";

/** @typedef {"off" | "connecting" | "online" | "reconnecting" | "offline"} State */
/**
 * An event or a signal, as CloudEvents 1.0 has it; presence (`user.joined`, `user.left`), too.
 * @typedef {{ id: string, type: string, topic: string, actor?: number, time: string, signal?: boolean, data: any }} LiveEvent
 */
/** @typedef {{ user_id: number, name: string }} Person */
/**
 * @typedef {object} Following
 * @property {Promise<{ last_id: number, present: Person[], recovered: boolean }>} ready
 * @property {() => void} close
 */
/**
 * @typedef {object} Handlers
 * @property {number | string | null} [after] the last id that was seen; without, what comes from now on
 * @property {() => void} [onGap] events are missing: load again (after the log was pruned)
 * @property {(reason: string) => void} [onLost] the right to read was taken away, or the topic is gone
 * @property {(present: Person[]) => void} [onPresent] who is here, with each (re)subscription
 */
/** @typedef {{ handler: (event: LiveEvent) => void, handlers: Handlers }} Reader */
/** @typedef {{ readers: Set<Reader>, last: string | null, ready: Promise<any>, asked: boolean }} Topic */

/** Milliseconds: between signs of life, to wait for one, and the longest wait before connecting again. */
const PULSE = 20_000;
const PULSE_PATIENCE = 8_000;
const LONGEST_WAIT = 15_000;
const SHORTEST_WAIT = 500;
/** Attempts that fail before the state says `offline`. */
const ATTEMPTS_UNTIL_OFFLINE = 3;
/** Close codes: the session has ended, or its token was not renewed in time. */
const SESSION_ENDED = 4401;

/** @type {import("./store.js").Store<State>} */
const state = createStore(/** @type {State} */ ("off"));
/** @type {Map<string, Topic>} */
const topics = new Map();
/** @type {Map<string, { resolve: (answer: any) => void, reject: (problem: unknown) => void }>} */
const waiting = new Map();
/** @type {Set<Reader & { topic: string }>} */
const listeners = new Set();

/** @type {WebSocket | null} */
let socket = null;
let wanted = false;
let attempts = 0;
let refs = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retry;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let pulse;

/** Connect, and stay so. */
function start() {
  wanted = true;
  if (!socket) void connect();
}

/** Close, forget all that was followed. */
function stop() {
  wanted = false;
  clearTimeout(retry);
  topics.clear();
  listeners.clear();
  drop();
  state.set("off");
}

function drop() {
  clearTimeout(pulse);
  const old = socket;
  socket = null;
  old?.close(1000);
  for (const { reject } of waiting.values()) reject(new Problem(0, null));
  waiting.clear();
}

async function connect() {
  clearTimeout(retry);
  if (!wanted || socket) return;
  if (state.get() === "off") state.set("connecting");
  let token;
  try {
    token = await session.token();
  } catch {
    return lost(); // the server can't be reached
  }
  if (!token || !wanted || socket) return;
  const mine = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/ws`);
  socket = mine;
  const patience = setTimeout(() => mine.close(), PULSE_PATIENCE);
  mine.addEventListener("open", () => mine.send(JSON.stringify({ type: "auth", token })));
  mine.addEventListener("message", ({ data }) => {
    clearTimeout(patience);
    if (mine === socket) take(JSON.parse(data));
  });
  mine.addEventListener("close", ({ code }) => {
    clearTimeout(patience);
    if (mine === socket) void closed(code, token);
  });
}

/** @param {number} code @param {string} token */
async function closed(code, token) {
  drop();
  if (code === SESSION_ENDED) {
    const fresh = await session.refresh(token).catch(() => token);
    if (!fresh) return;
  }
  lost();
}

function lost() {
  if (!wanted) return;
  attempts += 1;
  state.set(attempts > ATTEMPTS_UNTIL_OFFLINE || !navigator.onLine ? "offline" : "reconnecting");
  for (const topic of topics.values()) topic.asked = false;
  const longest = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** Math.min(attempts, 6));
  retry = setTimeout(connect, SHORTEST_WAIT / 2 + Math.random() * longest); // so that not all come at once
}

/** @param {any} message */
function take(message) {
  if (message.type === "authenticated") return welcome();
  if (message.type === "token_expired") return void session.refresh(null).then(renew);
  if (message.specversion) return tell(message);
  if (message.type === "unsubscribed" && message.reason) return loseTopic(message.topic, message.reason);
  const asked = message.ref && waiting.get(message.ref);
  if (!asked) return;
  waiting.delete(message.ref);
  if (message.type === "error") asked.reject(new Problem(message.status, message));
  else asked.resolve(message);
}

function welcome() {
  if (state.get() === "online") return;
  attempts = 0;
  state.set("online");
  beat();
  for (const name of topics.keys()) subscribeNow(name);
}

/** @param {string | null} token */
function renew(token) {
  if (token && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "auth", token }));
}

/** @param {LiveEvent} event */
function tell(event) {
  const topic = topics.get(event.topic);
  if (topic && !event.signal && /^\d+$/.test(event.id)) {
    if (topic.last !== null && Number(event.id) <= Number(topic.last)) return;
    topic.last = event.id;
  }
  for (const reader of topic?.readers ?? []) call(reader, event);
  for (const one of listeners) if (one.topic === event.topic) call(one, event);
}

/** @param {Reader} reader @param {LiveEvent} event */
function call(reader, event) {
  try {
    reader.handler(event);
  } catch (error) {
    console.error(error); // a view's mistake must not cost the others their events
  }
}

/** @param {string} name @param {string} reason */
function loseTopic(name, reason) {
  const topic = topics.get(name);
  topics.delete(name);
  for (const reader of topic?.readers ?? []) reader.handlers.onLost?.(reason);
}

/** Ask for a sign of life now and then; without an answer the connection is none. */
function beat() {
  clearTimeout(pulse);
  const mine = socket;
  pulse = setTimeout(async () => {
    const silence = setTimeout(() => mine === socket && closed(0, ""), PULSE_PATIENCE);
    await request({ type: "ping" }).catch(() => {});
    clearTimeout(silence);
    if (mine === socket && state.get() === "online") beat();
  }, PULSE);
}

/** Look at once whether the connection is alive, or try to connect. */
function check() {
  if (!wanted) return;
  if (!socket) return void connect();
  if (state.get() !== "online") return;
  const mine = socket;
  const silence = setTimeout(() => mine === socket && closed(0, ""), PULSE_PATIENCE / 4);
  void request({ type: "ping" })
    .catch(() => {})
    .finally(() => clearTimeout(silence));
}

/** @param {string} name */
function subscribeNow(name) {
  const topic = topics.get(name);
  if (!topic || topic.asked || state.get() !== "online") return;
  topic.asked = true;
  topic.ready = request({ type: "subscribe", topic: name, after: topic.last ?? undefined });
  topic.ready.then(
    (answer) => subscribed(name, topic, answer),
    (problem) => problem instanceof Problem && problem.status >= 400 && loseTopic(name, String(problem.status)),
  );
}

/** @param {string} name @param {Topic} topic @param {any} answer */
function subscribed(name, topic, answer) {
  if (topics.get(name) !== topic) return;
  topic.last ??= String(answer.last_id);
  for (const { handlers } of topic.readers) {
    if (!answer.recovered) handlers.onGap?.();
    handlers.onPresent?.(answer.present);
  }
  if (!answer.recovered) topic.last = String(answer.last_id);
}

/**
 * Follow a topic (`project:1`, `file:3`, `job:5`, `user:7`, `posts`, `flags`, `audit`).
 * First follow, then read: wait for `ready`, then load, and nothing falls in between.
 * @param {string} name
 * @param {(event: LiveEvent) => void} handler
 * @param {Handlers} [handlers]
 * @returns {Following}
 */
function subscribe(name, handler, handlers = {}) {
  const reader = { handler, handlers };
  let topic = topics.get(name);
  if (!topic) {
    const last = handlers.after === undefined || handlers.after === null ? null : String(handlers.after);
    topic = { readers: new Set(), last, ready: Promise.resolve(null), asked: false };
    topics.set(name, topic);
  } else if (topic.asked && handlers.onPresent) {
    void presence(name).then(handlers.onPresent, () => {});
  }
  topic.readers.add(reader);
  subscribeNow(name);
  const mine = topic;
  return { ready: whenOnline().then(() => mine.ready), close: () => leave(name, mine, reader) };
}

/** @param {string} name @param {Topic} topic @param {Reader} reader */
function leave(name, topic, reader) {
  topic.readers.delete(reader);
  // The next view often follows the same topic: only then is it known whether anybody does.
  setTimeout(() => {
    if (topic.readers.size > 0 || topics.get(name) !== topic) return;
    topics.delete(name);
    if (state.get() === "online") void request({ type: "unsubscribe", topic: name }).catch(() => {});
  }, 0);
}

/** @param {string} name @returns {Promise<Person[]>} */
async function presence(name) {
  const { api } = await import("./api.js");
  return (await api.get("presence", { query: { topic: name } })).data.items;
}

/** Resolves once the socket is open and signed in. @returns {Promise<void>} */
function whenOnline() {
  if (state.get() === "online") return Promise.resolve();
  return new Promise((done) => {
    /** @type {() => void} */
    let end = () => {};
    end = state.subscribe((now) => {
      if (now !== "online") return;
      queueMicrotask(() => end());
      done();
    });
  });
}

/**
 * Ask the server something, such as `{ type: "file.open", file_id: 1 }`; resolves with its answer, and
 * rejects with a Problem: status 0 when the connection broke before it came.
 * @param {Record<string, any>} message
 * @returns {Promise<any>}
 */
function request(message) {
  refs += 1;
  const ref = String(refs);
  return new Promise((resolve, reject) => {
    if (!socket || socket.readyState !== WebSocket.OPEN) return reject(new Problem(0, null));
    waiting.set(ref, { resolve, reject });
    socket.send(JSON.stringify({ ...message, ref }));
  });
}

/**
 * Send what nobody answers, such as a cursor; false without a connection.
 * @param {Record<string, any>} message
 */
function send(message) {
  if (state.get() !== "online" || !socket) return false;
  socket.send(JSON.stringify(message));
  return true;
}

/**
 * Hear the events of a topic that is followed by other means (`file.open`).
 * @param {string} topic
 * @param {(event: LiveEvent) => void} handler
 */
function listen(topic, handler) {
  const reader = { topic, handler, handlers: {} };
  listeners.add(reader);
  return () => listeners.delete(reader);
}

window.addEventListener("online", check);
window.addEventListener("offline", check);
document.addEventListener("visibilitychange", () => document.hidden || check());
session.onToken(renew);

export const live = { state, start, stop, subscribe, listen, request, send, whenOnline, retryNow: check };
