// Stock clients that follow a project, driven line by line: node stock_clients.mjs URL PROJECT
// Each line of standard input is a command as JSON, [what, ...arguments]; each is answered with a line of JSON.
import { createInterface } from "node:readline";
import { EventSource as Version4 } from "eventsource";
import { EventSource as Version5 } from "eventsource-5";
import polyfill from "event-source-polyfill";
import WebSocket from "ws";
import { socket, stream } from "./following.mjs";

const [url, project] = process.argv.slice(2);
const address = `${url}/api/v1/events/stream?project_id=${project}`;
const clients = new Map();
// The polyfill reads its headers anew each time that it connects.
const headers = {};
let token;

console.error = () => {}; // what the polyfill says when it gives up

// Who may set headers sends the token of the moment each time that they come back.
const withHeader = (where, init) => fetch(where, { ...init, headers: { ...init.headers, ...headers } });
const Polyfill = polyfill.EventSourcePolyfill;

const KINDS = {
  eventsource: (ticket) => stream(new Version4(`${address}&ticket=${ticket}`)),
  "eventsource-5": (ticket) => stream(new Version5(`${address}&ticket=${ticket}`)),
  "eventsource, header": () => stream(new Version4(address, { fetch: withHeader })),
  "eventsource, token": () => stream(new Version4(`${address}&token=${token}`)),
  "event-source-polyfill": (ticket) => stream(new Polyfill(`${address}&ticket=${ticket}`)),
  "event-source-polyfill, header": () =>
    stream(new Polyfill(address, { headers, lastEventIdQueryParameterName: "lastEventID" })),
  ws: () => socket(WebSocket, url.replace("http", "ws"), project, () => token),
};

const COMMANDS = {
  renew(fresh) {
    token = fresh;
    headers.Authorization = `Bearer ${token}`;
  },
  open: (kind, ticket) => void clients.set(kind, KINDS[kind](ticket)),
  kinds: () => Object.keys(KINDS),
  look: () => Object.fromEntries([...clients].map(([kind, client]) => [kind, client.look()])),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [what, ...how] = JSON.parse(line);
  console.log(JSON.stringify(COMMANDS[what](...how) ?? null));
}
process.exit(0);
