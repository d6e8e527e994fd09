// @ts-check
/**
 * What is shown is the newest that is known: no answer comes after that to a later question, and nothing that happens
 * while a view begins is missed.
 */

/** Milliseconds that a first load waits for its topic to be followed. */
const FOLLOW_PATIENCE = 300;

/**
 * Let a load run once at a time; who asks meanwhile gets the one after it. So an older answer never comes after a newer
 * one, and a storm of events loads twice instead of a hundred times.
 * @template T
 * @param {() => Promise<T>} load it reads what to ask for when it runs
 * @returns {() => Promise<T>}
 */
export function oneAtATime(load) {
  /** @type {Promise<T> | null} */
  let running = null;
  /** @type {Promise<T> | null} */
  let following = null;
  const run = () => {
    const mine = load().finally(() => {
      if (running === mine) running = null;
    });
    running = mine;
    return mine;
  };
  const next = () => {
    following = null;
    return run();
  };
  return () => {
    if (!running) return run();
    following ??= running.then(next, next);
    return following;
  };
}

/**
 * Load what a topic tells of: once it is followed, so that nothing falls in between. A connection that is slow to come up
 * holds up no view: then it loads now, and again when the topic is followed.
 * @param {{ ready: Promise<unknown> }} following
 * @param {() => Promise<unknown>} load
 */
export async function loadFollowed(following, load) {
  const isReady = following.ready.then(
    () => true,
    () => true, // who may not follow it is told by `onLost`, or by the load
  );
  /** @type {Promise<boolean>} */
  const isLate = new Promise((done) => setTimeout(() => done(false), FOLLOW_PATIENCE));
  if (!(await Promise.race([isReady, isLate]))) void following.ready.then(load, () => {});
  await load();
}
