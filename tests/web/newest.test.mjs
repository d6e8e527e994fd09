// What is shown is the newest that is known, whatever order answers come in.
import assert from "node:assert/strict";
import test from "node:test";

const { oneAtATime, loadFollowed } = await import(process.env.NEWEST_MODULE);

/** A question whose answers a test gives by hand. */
function questions() {
  const asked = [];
  const ask = () => new Promise((give, fail) => asked.push({ give, fail }));
  return { asked, ask };
}
const soon = () => new Promise((done) => setImmediate(done));

test("an older answer is never shown after a newer one", async () => {
  const { asked, ask } = questions();
  const shown = [];
  let wanted = "a";
  const load = oneAtATime(async () => {
    const mine = wanted;
    await ask();
    shown.push(mine);
  });
  const first = load();
  wanted = "b";
  const second = load();
  wanted = "c";
  const third = load();
  assert.equal(asked.length, 1);
  assert.equal(second, third, "who asks meanwhile shares the one after it");
  asked[0].give();
  await first;
  await soon();
  assert.equal(asked.length, 2);
  asked[1].give();
  await third;
  assert.deepEqual(shown, ["a", "c"]);
});

test("one that fails tells who asked, and the next one runs", async () => {
  const { asked, ask } = questions();
  const load = oneAtATime(ask);
  const first = load();
  const second = load();
  asked[0].fail(new Error("gone"));
  await assert.rejects(first, /gone/);
  await soon();
  asked[1].give("there");
  assert.equal(await second, "there");
  const third = load();
  asked[2].give("again");
  assert.equal(await third, "again");
});

test("a storm loads once more, and not once for each", async () => {
  const { asked, ask } = questions();
  const load = oneAtATime(ask);
  const all = Array.from({ length: 100 }, () => load());
  asked[0].give();
  await soon();
  asked[1].give();
  await Promise.all(all);
  assert.equal(asked.length, 2);
});

test("what is followed is loaded after it is followed", async () => {
  const steps = [];
  let follow;
  const ready = new Promise((done) => (follow = done));
  const loaded = loadFollowed({ ready }, async () => void steps.push("loaded"));
  await soon();
  steps.push("followed");
  follow();
  await loaded;
  assert.deepEqual(steps, ["followed", "loaded"]);
});

test("a connection that is slow holds up no view, which then loads again", async () => {
  let follow;
  let loads = 0;
  const ready = new Promise((done) => (follow = done));
  await loadFollowed({ ready }, async () => void (loads += 1));
  assert.equal(loads, 1);
  follow();
  await soon();
  assert.equal(loads, 2);
});

test("who may not follow loads all the same", async () => {
  let loads = 0;
  await loadFollowed({ ready: Promise.reject(new Error("403")) }, async () => void (loads += 1));
  assert.equal(loads, 1);
});
