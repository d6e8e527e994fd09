// Stock editors, driven line by line: node live_clients.mjs WS_URL
// Each line of standard input is a command as JSON, [what, ...arguments]; each is answered with a line of JSON.
import { createInterface } from "node:readline";
import * as Y from "yjs";
import Ws from "ws";
import { WebsocketProvider as Version3 } from "y-websocket";
import { WebsocketProvider as Version2 } from "y-websocket-2";
import { WebsocketProvider as Version1 } from "y-websocket-1";
import { HocuspocusProvider as Provider4 } from "@hocuspocus/provider";
import { HocuspocusProvider as Provider3 } from "hocuspocus-provider-3";
import { HocuspocusProvider as Provider2 } from "hocuspocus-provider-2";

const [url] = process.argv.slice(2);
// So long texts are told by their length alone.
const LONG = 100_000;

// As in a browser, nobody has to listen to an error of a socket that was given up.
class WebSocket extends Ws {
  constructor(...how) {
    super(...how);
    this.on("error", () => {});
  }
}
globalThis.WebSocket = WebSocket; // version 2 of Hocuspocus looks for it there

// What each client tells: its close codes, what it was denied, whether it has given up.
class Client {
  constructor() {
    this.doc = new Y.Doc();
    this.text = this.doc.getText("content");
    this.seen = { codes: [], denied: [], roles: [], final: false };
  }

  state() {
    const others = [...this.provider.awareness.getStates().values()].map((one) => one.user?.name);
    const { synced } = this.provider;
    const text = this.text.length < LONG ? this.text.toString() : null; // each look would send it
    return { ...this.seen, away: this.away(), text, synced, others: others.sort() };
  }
}

// Each version has another one of the door's addresses, by which its warnings are told apart.
class YWebsocket extends Client {
  constructor(Provider, door, file, params, name) {
    super();
    const options = { WebSocketPolyfill: WebSocket, params, disableBc: true, maxBackoffTime: 200 };
    this.where = `${url}${door}/${file}`;
    this.provider = new Provider(`${url}${door}`, String(file), this.doc, options);
    this.provider.awareness.setLocalStateField("user", { name });
    // Version 1.5 tells of each close, 2 and 3 with the provider after it; 3 of the final one.
    this.provider.on("connection-close", (event) => event && this.seen.codes.push(event.code));
    this.provider.on("closed", () => (this.seen.final = true));
  }

  // Versions 2 and 3 make the address of the params each time, 1.5 has made it.
  renew(token) {
    this.provider.params = { token };
    if (this.provider instanceof Version1) this.provider.url = `${this.where}?token=${token}`;
  }

  disconnect() {
    this.provider.disconnect();
  }

  connect() {
    this.provider.connect();
  }

  away() {
    return this.provider.ws === null;
  }
}

class Hocuspocus extends Client {
  constructor(Provider, file, { token = "", ticket }, name) {
    super();
    this.token = token;
    this.provider = new Provider({
      url: `${url}/hocuspocus/${file}${ticket ? `?ticket=${ticket}` : ""}`,
      name: String(file),
      document: this.doc,
      token: () => this.token,
      delay: 200,
      minDelay: 200,
      onDisconnect: ({ event }) => this.seen.codes.push(event.code),
      onAuthenticated: () => this.seen.roles.push(this.provider.authorizedScope),
      onAuthenticationFailed: ({ reason }) => {
        this.seen.denied.push(reason);
        this.seen.final ||= reason === "This file is gone";
      },
    });
    this.provider.setAwarenessField("user", { name });
  }

  renew(token) {
    this.token = token;
  }

  disconnect() {
    this.provider.disconnect();
  }

  connect() {
    void this.provider.connect();
  }

  // Until it has heard that its socket is closed it takes no notice of `connect`; version 2 closes none.
  away() {
    const { isConnected, configuration } = this.provider;
    return isConnected === undefined ? configuration.websocketProvider.status === "disconnected" : !isConnected;
  }
}

const KINDS = {
  "y-websocket": (...how) => new YWebsocket(Version3, "/yjs", ...how),
  "y-websocket-2": (...how) => new YWebsocket(Version2, "/api/yjs", ...how),
  "y-websocket-1": (...how) => new YWebsocket(Version1, "/api/v1/yjs", ...how),
  "@hocuspocus/provider": (...how) => new Hocuspocus(Provider4, ...how),
  "hocuspocus-provider-3": (...how) => new Hocuspocus(Provider3, ...how),
  "hocuspocus-provider-2": (...how) => new Hocuspocus(Provider2, ...how),
};
const clients = new Map();

// The providers of y-websocket warn on the console of what is refused, and only there.
console.warn = (message) => {
  for (const client of clients.values())
    if (client.where && message.startsWith(`Permission denied to access ${client.where}?`))
      client.seen.denied.push(message.split("\n")[1]);
};

const COMMANDS = {
  // `params` is what the address has: a token or a ticket.
  open(file, params) {
    clients.forEach((client) => client.provider.destroy());
    clients.clear();
    for (const [kind, make] of Object.entries(KINDS)) clients.set(kind, make(file, params, kind));
  },
  open_each(files, params) {
    Object.entries(KINDS).forEach(([kind, make], at) => clients.set(kind, make(files[at], params, kind)));
  },
  renew: (token) => clients.forEach((client) => client.renew(token)),
  disconnect: () => clients.forEach((client) => client.disconnect()),
  disconnect_one: (kind) => clients.get(kind).disconnect(),
  connect: () => clients.forEach((client) => client.connect()),
  connect_one: (kind) => clients.get(kind).connect(),
  type: (mark) => clients.forEach((client, kind) => client.text.insert(client.text.length, `[${mark} ${kind}]`)),
  paste: (size) => clients.forEach((client) => client.text.insert(0, "x".repeat(size))),
  look: () => Object.fromEntries([...clients].map(([kind, client]) => [kind, client.state()])),
  lengths: () => Object.fromEntries([...clients].map(([kind, client]) => [kind, client.text.length])),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [what, ...how] = JSON.parse(line);
  const answer = COMMANDS[what](...how);
  console.log(JSON.stringify(what === "look" || what === "lengths" ? answer : null));
}
process.exit(0);
