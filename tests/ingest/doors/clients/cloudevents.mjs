// The SDK of CloudEvents for JavaScript: node cloudevents.mjs URL KEY COUNT. It never tries again
// by itself, and tells no status, so whoever uses it looks at the answer.
import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";

const [url, key, count] = process.argv.slice(2);
const transport = httpTransport(`${url}/api/v1/ingest`);
const emitters = [
  emitterFor(transport), // binary mode, in chunks
  emitterFor(transport, { mode: Mode.STRUCTURED }),
];
const headers = { Authorization: `Bearer ${key}` };

async function send(number) {
  const data = { number };
  const id = `js-${number}`;
  const event = new CloudEvent({ id, source: "/shop", type: "order.placed", data });
  for (;;) {
    try {
      const answer = await emitters[number % 2](event, { headers });
      if (JSON.parse(answer.body).accepted === 1) {
        return;
      }
    } catch {
      // The server is away.
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (let number = 0; number < Number(count); number += 1) {
  if (number === Number(count) / 2) {
    console.log("half");
  }
  await send(number);
}
