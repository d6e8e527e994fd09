// @ts-check
/**
 * What happens, as it happens. Views follow topics over one socket; after a break each topic goes on after
 * the last event that was seen, so nothing is missed and nothing comes twice.
 */
import { api } from "./api.js";
import { Problem } from "./problem.js";
import { connection } from "./socket.js";

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
/** @typedef {{ readers: Set<Reader>, last: string | null, ready: Promise<any>, asked: boolean, tries: number }} Topic */

/** @type {Map<string, Topic>} */
const topics = new Map();
/** @type {Set<Reader & { topic: string }>} */
const listeners = new Set();
const { state, request } = connection;

function start() {
  connection.start({ message: take, online, lost });
}

/** Close, and forget all that was followed. */
function stop() {
  topics.clear();
  listeners.clear();
  connection.stop();
}

function online() {
  for (const name of topics.keys()) subscribeNow(name);
}

function lost() {
  for (const topic of topics.values()) topic.asked = false;
}

/** @param {any} message */
function take(message) {
  if (message.specversion) tell(message);
  else if (message.type === "unsubscribed" && message.reason) loseTopic(message.topic, message.reason);
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

/** @param {string} name */
function subscribeNow(name) {
  const topic = topics.get(name);
  if (!topic || topic.asked || state.get() !== "online") return;
  topic.asked = true;
  topic.tries += 1;
  topic.ready = request({ type: "subscribe", topic: name, after: topic.last ?? undefined });
  topic.ready.then(
    (answer) => subscribed(name, topic, answer),
    (problem) => problem instanceof Problem && problem.status >= 400 && loseTopic(name, String(problem.status)),
  );
}

/** @param {string} name @param {Topic} topic @param {any} answer */
function subscribed(name, topic, answer) {
  if (topics.get(name) !== topic) return;
  // The first answer got lost with its connection: what has been loaded since may be older than it.
  const isLate = topic.last === null && topic.tries > 1;
  if (topic.last === null || !answer.recovered) topic.last = String(answer.last_id);
  for (const { handlers } of topic.readers) {
    if (!answer.recovered || isLate) handlers.onGap?.();
    handlers.onPresent?.(answer.present);
  }
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
  const known = topics.get(name);
  const topic = known ?? newTopic(name, handlers.after);
  topic.readers.add(reader);
  if (known?.asked && handlers.onPresent) void presence(name).then(handlers.onPresent, () => {});
  subscribeNow(name);
  const ready = whenOnline().then(() => topic.ready);
  ready.catch(() => {}); // who does not wait for it is told by `onLost`
  return { ready, close: () => leave(name, topic, reader) };
}

/** @param {string} name @param {number | string | null | undefined} after @returns {Topic} */
function newTopic(name, after) {
  const last = after === undefined || after === null ? null : String(after);
  const topic = { readers: new Set(), last, ready: Promise.resolve(null), asked: false, tries: 0 };
  topics.set(name, topic);
  return topic;
}

/** @param {string} name @param {Topic} topic @param {Reader} reader */
function leave(name, topic, reader) {
  topic.readers.delete(reader);
  // The next view often follows the same topic: only after it is made is it known whether anybody does.
  setTimeout(() => {
    if (topic.readers.size > 0 || topics.get(name) !== topic) return;
    topics.delete(name);
    if (topic.asked) void request({ type: "unsubscribe", topic: name }).catch(() => {});
  }, 0);
}

/** @param {string} name @returns {Promise<Person[]>} */
async function presence(name) {
  return (await api.get("presence", { query: { topic: name } })).data.items;
}

/** Resolves once the socket is open and signed in. @returns {Promise<void>} */
function whenOnline() {
  if (state.get() === "online") return Promise.resolve();
  return new Promise((done) => {
    const end = state.subscribe((now) => {
      if (now !== "online") return;
      queueMicrotask(() => end());
      done();
    });
  });
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

export const live = {
  state,
  start,
  stop,
  subscribe,
  listen,
  request,
  send: connection.send,
  whenOnline,
  retryNow: connection.check,
};
