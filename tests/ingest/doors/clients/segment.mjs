// Segment's library for Node sends messages, as its documentation says: node segment.mjs URL KEY COUNT
import { Analytics } from "@segment/analytics-node";

const [url, writeKey, count] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host: url, flushAt: 10, flushInterval: 50, maxRetries: 30 });
const errors = [];
analytics.on("error", (error) => errors.push(error));

function send(from, until) {
  for (let number = from; number < until; number += 1) {
    const properties = { number };
    analytics.track({ userId: "u1", event: "Order Placed", messageId: `node-${number}`, properties });
  }
}

const half = Number(count) / 2;
send(0, half);
await analytics.flush();
console.log("half");
send(half, Number(count));
await analytics.closeAndFlush({ timeout: 100_000 });
if (errors.length > 0) {
  console.error(errors);
  process.exitCode = 1;
}
