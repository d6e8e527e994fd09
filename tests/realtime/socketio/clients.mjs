// Stock clients of Socket.IO: a line of JSON says what one of them does, and is answered by a line.
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

/** Milliseconds after which what is waited for does not come: the machine may be slow and busy. */
const PATIENCE_MS = 60_000;

const clients = new Map();

function open(name, url, options) {
  const socket = io(url, { reconnectionDelay: 50, reconnectionDelayMax: 200, forceNew: true, ...options });
  const client = { socket, seen: [], ends: [], connects: 0, refusals: [], wakers: new Set() };
  clients.set(name, client);
  const tell = () => [...client.wakers].forEach((wake) => wake());
  socket.on("connect", () => (client.connects++, tell()));
  socket.on("connect_error", (error) => (client.refusals.push({ message: error.message, data: error.data }), tell()));
  socket.on("disconnect", (reason) => (client.ends.push(reason), tell()));
  socket.onAny((...event) => (client.seen.push(event), tell()));
  return until(client, () => client.connects > 0 || client.refusals.length > 0).then(() => state(client));
}

function until(client, holds) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("it did not come in time")), PATIENCE_MS);
    const wake = () => {
      if (!holds()) return;
      clearTimeout(late);
      client.wakers.delete(wake);
      resolve(null);
    };
    client.wakers.add(wake);
    wake();
  });
}

function state({ socket, ends, connects, refusals }) {
  const transport = socket.io.engine?.transport?.name;
  return { connected: socket.connected, id: socket.id, recovered: socket.recovered, transport, ends, connects, refusals };
}

const named = (client, name) => client.seen.filter(([found]) => found === name).map(([, ...args]) => args);

const commands = {
  open,
  state: (name) => state(clients.get(name)),
  emit: (name, ...event) => void clients.get(name).socket.emit(...event),
  ask: (name, ...event) => clients.get(name).socket.timeout(PATIENCE_MS).emitWithAck(...event),
  burst: (name, count, ...event) => {
    for (let n = 0; n < count; n++) clients.get(name).socket.emit(event[0], { ...event[1], payload: { n } });
  },
  seen: (name) => clients.get(name).seen,
  wait: async (name, kind, count = 1) => {
    const client = clients.get(name);
    await until(client, () => named(client, kind).length >= count);
    return named(client, kind);
  },
  upgraded: async (name) => {
    const client = clients.get(name);
    const engine = client.socket.io.engine;
    if (engine.transport.name !== "websocket") await new Promise((resolve) => engine.once("upgrade", resolve));
    return state(client);
  },
  cut: async (name) => {
    const client = clients.get(name);
    const before = client.connects;
    client.socket.io.engine.close();
    await until(client, () => client.connects > before);
    return state(client);
  },
  ended: async (name) => {
    const client = clients.get(name);
    await until(client, () => client.ends.length > 0);
    return state(client);
  },
  close: (name) => void clients.get(name).socket.disconnect(),
  clear: () => {
    for (const { socket } of clients.values()) socket.disconnect();
    clients.clear();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [what, ...how] = JSON.parse(line);
  let answer;
  try {
    answer = { result: await commands[what](...how) };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
process.exit(0);
