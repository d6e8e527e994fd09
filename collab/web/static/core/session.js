// @ts-check
/**
 * Who is signed in. The access token is in memory alone; what renews it is a cookie that no script can
 * read. All tabs of a browser are one session: one of them renews the token (Web Locks), and tells the
 * others (BroadcastChannel), as it tells them of signing out.
 */
import { Problem } from "./problem.js";
import { createStore } from "./store.js";

/** @typedef {{ id: number, email: string, name: string, role: string, email_verified: boolean, created_at: string }} User */
/** @typedef {{ token: string, expires: number, user: User }} Grant `expires` in milliseconds */

const AUTH = "/api/v1/auth/";
/** A token that ends this soon, in milliseconds, is renewed before it is used. */
const MARGIN = 30_000;
/** Milliseconds that another tab has to say which token it has. */
const PATIENCE = 400;
/** Says that somebody has signed in here, so that a stranger's first look asks for nothing; no secret. */
const HINT = "collab.signed-in";

/** Who is signed in, or null. @type {import("./store.js").Store<User | null>} */
export const user = createStore(/** @type {User | null} */ (null));

/** @type {Grant | null} */
let grant = null;
/** @type {Promise<string | null> | null} */
let renewing = null;
/** @type {Set<(token: string) => void>} */
const renewed = new Set();
/** @type {(() => Promise<void>)[]} */
const signingOut = [];
const channel = new BroadcastChannel("collab.session");

channel.addEventListener("message", ({ data }) => {
  if (data.kind === "grant") adopt(data.grant);
  else if (data.kind === "out") forget();
  else if (data.kind === "ask" && isGood(grant)) channel.postMessage({ kind: "grant", grant });
});
// A lock that each tab shares tells the others that there is somebody to ask.
navigator.locks?.request("collab.tab", { mode: "shared" }, () => new Promise(() => {}));

/** @param {Grant | null} one */
function isGood(one) {
  return one !== null && one.expires - Date.now() > MARGIN;
}

/** @param {Grant} found */
function adopt(found) {
  const before = user.get();
  if (before && before.id !== found.user.id) return location.assign("/"); // another person signed in
  const isNew = grant?.token !== found.token;
  grant = found;
  localStorage.setItem(HINT, "1");
  user.set(found.user);
  if (isNew) for (const listener of renewed) listener(found.token);
}

function forget() {
  grant = null;
  localStorage.removeItem(HINT);
  user.set(null);
}

/** @param {any} body the answer of a log-in or a refresh */
function take(body) {
  const expires = Date.now() + body.expires_in * 1000;
  adopt({ token: body.access_token, expires, user: body.user });
  channel.postMessage({ kind: "grant", grant });
}

/**
 * @param {string} path
 * @param {any} body
 * @param {string} [token]
 */
async function post(path, body, token) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  if (token) headers["Authorization"] = `Bearer ${token}`;
  const options = {
    method: "POST",
    headers,
    body: body && JSON.stringify(body),
    cache: /** @type {const} */ ("no-store"),
  };
  const response = await fetch(AUTH + path, options).catch(() => {
    throw new Problem(0, null);
  });
  const data = await response.json().catch(() => null);
  if (!response.ok) throw new Problem(response.status, data, response.headers);
  return data;
}

/** A session that the server knows no more has ended, which is what was wanted. @param {unknown} error */
function unlessEnded(error) {
  if (!(error instanceof Problem && error.status === 401)) throw error;
}

/** Whether there is another tab that could have a token. */
async function isAlone() {
  const { held } = (await navigator.locks?.query()) ?? {};
  return (held ?? []).filter((lock) => lock.name === "collab.tab").length < 2;
}

/**
 * Ask the other tabs for a good token that is not `stale`.
 * @param {string | null} stale
 */
async function askOthers(stale) {
  if (await isAlone()) return;
  channel.postMessage({ kind: "ask" });
  const deadline = Date.now() + PATIENCE;
  while (Date.now() < deadline) {
    if (isGood(grant) && grant?.token !== stale) return;
    await new Promise((done) => setTimeout(done, 10));
  }
}

/**
 * @param {string | null} stale the token that is good no longer
 * @returns {Promise<string | null>}
 */
async function renew(stale) {
  await askOthers(stale);
  if (isGood(grant) && grant?.token !== stale) return grant?.token ?? null;
  try {
    take(await post("refresh", {}));
  } catch (error) {
    if (!(error instanceof Problem) || ![400, 401, 403, 422].includes(error.status)) throw error;
    if (user.get()) channel.postMessage({ kind: "out" });
    forget();
  }
  return grant?.token ?? null;
}

export const session = {
  user,

  /** Find out who is signed in; asks nothing where nobody has signed in with this browser. */
  async begin() {
    if (localStorage.getItem(HINT)) await session.refresh(null);
  },

  /** A good token, or null for who is not signed in. @returns {Promise<string | null>} */
  async token() {
    if (grant === null) return null;
    return isGood(grant) ? grant.token : session.refresh(grant.token);
  },

  /**
   * Get a new token; null when the session has ended. All who ask meanwhile share one refresh.
   * @param {string | null} stale the token that the server takes no longer
   * @returns {Promise<string | null>}
   */
  refresh(stale) {
    if (grant && grant.token !== stale && isGood(grant)) return Promise.resolve(grant.token);
    const work = () => renew(stale);
    renewing ??= (
      navigator.locks ? /** @type {Promise<string | null>} */ (navigator.locks.request("collab.refresh", work)) : work()
    ).finally(() => {
      renewing = null;
    });
    return renewing;
  },

  /** @param {string} email @param {string} password */
  async signIn(email, password) {
    take(await post("login", { email, password, cookie: true }));
  },

  /**
   * Sign in with what another service has said, and the password where that is asked for.
   * @param {string} proof @param {string} [password]
   */
  async signInElsewhere(proof, password) {
    take(await post("login/provider", { proof, password, cookie: true }));
  },

  /**
   * The second step of a log-in: the proof that the first one gave, and a code or what a passkey has signed.
   * @param {string} proof
   * @param {{ code?: string, passkey?: any }} shown
   */
  async finishSignIn(proof, shown) {
    take(await post("login/second-factor", { proof, ...shown, cookie: true }));
  },

  /** Sign in with a passkey alone. @param {(options: any) => Promise<any>} sign asks the device */
  async signInWithPasskey(sign) {
    const { options } = await post("login/passkey/options", {});
    take(await post("login/passkey", { credential: await sign(options), cookie: true }));
  },

  /** @param {string} email @param {string} password @param {string} name */
  async register(email, password, name) {
    take(await post("register", { email, password, name: name || undefined, cookie: true }));
  },

  /** End this session, in all tabs; raises a Problem if the server can't be told, as then it goes on. */
  async signOut() {
    const token = await session.token();
    if (token) await post("logout", undefined, token).catch(unlessEnded);
    await Promise.all(signingOut.map((forgets) => forgets()));
    channel.postMessage({ kind: "out" });
    forget();
  },

  /** What was changed of one's own account. @param {User} changed */
  update(changed) {
    if (grant) adopt({ ...grant, user: changed });
    channel.postMessage({ kind: "grant", grant });
  },

  /** Have something done when the person signs out in this tab. @param {() => Promise<void>} forgets */
  onSignOut(forgets) {
    signingOut.push(forgets);
  },

  /** Be told of each new token. @param {(token: string) => void} listener */
  onToken(listener) {
    renewed.add(listener);
    return () => renewed.delete(listener);
  },
};
