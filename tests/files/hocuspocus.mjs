// Stock providers of Hocuspocus that share one socket: node hocuspocus.mjs WS_URL MINE ALSO_MINE NOT_MINE SHORT_TOKEN TOKEN
// Prints what they saw, as JSON.
import { HocuspocusProvider, HocuspocusProviderWebsocket } from "@hocuspocus/provider";
import WebSocket from "ws";

const [url, mine, also, not, short, token] = process.argv.slice(2);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const seen = { closes: 0, refused: [], asked: 0, late: false };

async function until(what, check) {
  for (let tries = 0; !check(); tries += 1) {
    if (tries > 3000) throw new Error(`never: ${what}`);
    await pause(20);
  }
}

const websocketProvider = new HocuspocusProviderWebsocket({
  url,
  WebSocketPolyfill: WebSocket,
  onDisconnect: () => (seen.closes += 1),
});
// The first token of each runs out soon; whoever is asked again has another one.
function provider(name, more = {}) {
  let asked = 0;
  const made = new HocuspocusProvider({
    websocketProvider,
    name,
    token: () => (asked++ ? ((seen.asked += 1), token) : short),
    onAuthenticationFailed({ reason }) {
      seen.refused.push(name);
      seen.late ||= reason.includes("expired");
    },
    ...more,
  });
  made.attach();
  made.text = made.document.getText("content");
  return made;
}
const saved = (...all) => until("saved", () => all.every((one) => one.synced && !one.unsyncedChanges));

const one = provider(mine);
const twin = provider(mine, { sessionAwareness: true });
const other = provider(`file:${also}`);
provider(not);
await saved(one, twin, other);
await until("a denial", () => seen.refused.length);

one.setAwarenessField("user", "one");
twin.setAwarenessField("user", "twin");
const names = ({ awareness }) => [...awareness.getStates().values()].map(({ user }) => user).sort();
await until("each other", () => [one, twin].every((it) => names(it).join() === "one,twin"));
one.sendStateless("hello");
one.text.insert(0, "one ");
await until("the twin's text", () => twin.text.toString() === "one ");
other.text.insert(0, "other ");
twin.destroy();
await until("its leave", () => names(one).join() === "one");
await until("fresh tokens", () => seen.asked >= 2);
one.text.insert(4, "renewed ");
await saved(one, other);
console.log(JSON.stringify(seen));
process.exit(0);
