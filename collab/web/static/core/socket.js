// @ts-check
/**
 * The page's one socket: it signs in, stays open, and comes back by itself. Its state is what is true: a
 * silent connection is asked for a sign of life, and given up without one. `live.js` says what goes over it.
 */
import { Problem } from "./problem.js";
import { session } from "./session.js";
import { createStore } from "./store.js";

/** @typedef {"off" | "connecting" | "online" | "reconnecting" | "offline"} State */

/** Milliseconds: between signs of life, to wait for one, and for one where somebody looks again. */
const PULSE = 20_000;
const PULSE_PATIENCE = 8_000;
const LOOK_PATIENCE = 2_000;
/** Milliseconds to wait before connecting again: the first time, and at most. */
const SHORTEST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** Attempts that fail before the state says `offline`. */
const ATTEMPTS_UNTIL_OFFLINE = 3;
/** The close code that says that the session has ended, or its token was not renewed in time. */
const SESSION_ENDED = 4401;

/** @type {import("./store.js").Store<State>} */
const state = createStore(/** @type {State} */ ("off"));
/** Answers that are waited for, by their `ref`. @type {Map<string, { resolve: (answer: any) => void, reject: (problem: unknown) => void }>} */
const waiting = new Map();
/** @type {{ message: (message: any) => void, online: () => void, lost: () => void }} */
let above = { message: () => {}, online: () => {}, lost: () => {} };

/** @type {WebSocket | null} */
let socket = null;
let wanted = false;
let attempts = 0;
let refs = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retry;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let pulse;

/** Connect, and stay so. @param {typeof above} handlers */
function start(handlers) {
  above = handlers;
  wanted = true;
  attempts = 0;
  void connect();
}

function stop() {
  wanted = false;
  clearTimeout(retry);
  drop();
  state.set("off");
}

/** Let go of the socket; nothing that it still says counts. */
function drop() {
  clearTimeout(pulse);
  const old = socket;
  socket = null;
  old?.close();
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
  if (token && wanted && !socket) open(token);
}

/** @param {string} token */
function open(token) {
  const mine = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/ws`);
  socket = mine;
  const patience = setTimeout(() => mine.close(), PULSE_PATIENCE);
  // In a message and not in the address, which servers on the way keep in their logs.
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

/** @param {number} code @param {string} [token] */
async function closed(code, token) {
  drop();
  if (code === SESSION_ENDED && token) {
    const fresh = await session.refresh(token).catch(() => token);
    if (!fresh) return;
  }
  lost();
}

/** Come back later: at random, so that not all do at once, and more seldom each time. */
function lost() {
  if (!wanted || socket) return;
  attempts += 1;
  above.lost();
  state.set(attempts > ATTEMPTS_UNTIL_OFFLINE || !navigator.onLine ? "offline" : "reconnecting");
  const longest = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** Math.min(attempts, 6));
  clearTimeout(retry);
  retry = setTimeout(connect, SHORTEST_WAIT / 2 + Math.random() * longest);
}

/** @param {any} message */
function take(message) {
  if (message.type === "authenticated") return welcome();
  if (message.type === "token_expired") return void session.refresh(null).then(renew, () => {});
  const asked = message.ref === undefined ? undefined : waiting.get(message.ref);
  if (!asked) return above.message(message);
  waiting.delete(message.ref);
  if (message.type === "error") asked.reject(new Problem(message.status, message));
  else asked.resolve(message);
}

function welcome() {
  if (state.get() === "online") return;
  attempts = 0;
  state.set("online");
  beat();
  above.online();
}

/** @param {string | null} token */
function renew(token) {
  if (token && state.get() === "online") send({ type: "auth", token });
}

/** Ask for a sign of life now and then. */
function beat() {
  clearTimeout(pulse);
  pulse = setTimeout(() => void look(PULSE_PATIENCE).then((alive) => alive && beat()), PULSE);
}

/** Whether the connection is alive; without an answer in time it is given up. @param {number} patience */
async function look(patience) {
  const mine = socket;
  const silence = setTimeout(() => mine === socket && void closed(0), patience);
  const answered = await request({ type: "ping" }).then(
    () => true,
    () => false,
  );
  clearTimeout(silence);
  return answered;
}

/** Look at once, as when the network or the person comes back. */
function check() {
  if (!wanted) return;
  if (!socket) void connect();
  else if (state.get() === "online") void look(LOOK_PATIENCE);
}

/**
 * Ask the server something; resolves with its answer, and rejects with a Problem: status 0 when the
 * connection broke before it came.
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
  if (state.get() !== "online" || socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(message));
  return true;
}

window.addEventListener("online", check);
window.addEventListener("offline", check);
document.addEventListener("visibilitychange", () => document.hidden || check());
session.onToken(renew);

export const connection = { state, start, stop, request, send, check };
