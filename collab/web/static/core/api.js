// @ts-check
/** The public API: JSON in and out, a fresh access token, entity tags, idempotency keys, pages, uploads. */
import { Problem } from "./problem.js";
import { session } from "./session.js";
import { randomId } from "./text.js";

export const BASE = "/api/v1/";

/**
 * @typedef {object} Options
 * @property {Record<string, any>} [query] what is null, undefined or "" is left out; lists repeat the name
 * @property {any} [body] sent as JSON; a Blob or FormData as it is
 * @property {string | null} [etag] for `If-Match` (or `If-None-Match` with GET)
 * @property {boolean | string} [idempotent] send an `Idempotency-Key`, so that repeating it is safe
 * @property {AbortSignal} [signal]
 * @property {boolean} [keepalive] let it finish when the page goes
 * @property {boolean} [anonymous] without a token
 */
/** @typedef {{ data: any, etag: string | null, headers: Headers, status: number }} Answer */

/**
 * An address below the API's base, with its query.
 * @param {string} path
 * @param {Record<string, any>} [query]
 */
export function addressOf(path, query = {}) {
  const found = new URL(path, new URL(BASE, location.origin));
  for (const [name, value] of Object.entries(query)) {
    const values = Array.isArray(value) ? value : [value];
    for (const one of values) {
      if (one !== null && one !== undefined && one !== "") found.searchParams.append(name, String(one));
    }
  }
  return found.pathname + found.search;
}

/**
 * @param {string} method
 * @param {string} path below /api/v1/, such as "projects/1"
 * @param {Options} [options]
 * @returns {Promise<Answer>}
 */
export async function request(method, path, options = {}) {
  const response = await answered(method, path, options);
  const text = response.status === 204 ? "" : await response.text();
  const json = /[/+]json/.test(response.headers.get("Content-Type") ?? "");
  const data = json && text ? JSON.parse(text) : text || null;
  if (!response.ok && response.status !== 304) throw new Problem(response.status, json ? data : null, response.headers);
  return { data, etag: response.headers.get("ETag"), headers: response.headers, status: response.status };
}

/**
 * Send a request with a good token; once more with a new one where the server wants that.
 * @param {string} method
 * @param {string} path
 * @param {Options} options
 */
async function answered(method, path, options) {
  const token = options.anonymous ? null : await session.token();
  const key = options.idempotent === true ? randomId() : options.idempotent || null;
  const first = await patient(method, path, options, token, key);
  if (first.status !== 401 || !token || (await isOfWhatWasShown(first))) return first;
  const fresh = await session.refresh(token);
  return fresh ? patient(method, path, options, fresh, key) : first;
}

/** Refusals of a password, a code or a passkey in the body: a fresh token would change nothing. */
const OF_WHAT_WAS_SHOWN = ["wrong-credentials", "wrong-code", "passkey-refused", "proof-refused"];

/** @param {Response} response */
async function isOfWhatWasShown(response) {
  const body = await response
    .clone()
    .json()
    .catch(() => null);
  return OF_WHAT_WAS_SHOWN.some((kind) => body?.type === `/problems/${kind}`);
}

/** Milliseconds before what is safe to repeat is sent again, when the network failed. */
const PATIENCE = [300, 1200];

/**
 * Send it, and again when the network fails, if it is safe to repeat (RFC 9110 §9.2.2).
 * @param {string} method
 * @param {string} path
 * @param {Options} options
 * @param {string | null} token
 * @param {string | null} key
 */
async function patient(method, path, options, token, key) {
  const repeatable = method !== "POST" && method !== "PATCH" ? true : key !== null;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await sent(method, path, options, token, key);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      const wait = PATIENCE[attempt];
      if (!repeatable || wait === undefined || options.keepalive) throw new Problem(0, null);
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Options} options
 * @param {string | null} token
 * @param {string | null} key
 */
function sent(method, path, options, token, key) {
  const headers = new Headers({ Accept: "application/json" });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (key) headers.set("Idempotency-Key", key);
  if (options.etag) headers.set(method === "GET" ? "If-None-Match" : "If-Match", options.etag);
  const body = bodyOf(options.body, headers);
  const { signal, keepalive } = options;
  return fetch(addressOf(path, options.query), { method, headers, body, signal, keepalive, cache: "no-store" });
}

/**
 * @param {any} body
 * @param {Headers} headers
 * @returns {BodyInit | undefined}
 */
function bodyOf(body, headers) {
  if (body === undefined) return undefined;
  if (body instanceof Blob || body instanceof FormData) return body;
  headers.set("Content-Type", "application/json");
  return JSON.stringify(body);
}

/**
 * Yield the items of a list, page by page, for as long as they are taken.
 * @param {string} path
 * @param {Options} [options]
 * @returns {AsyncGenerator<any>}
 */
async function* items(path, options = {}) {
  let cursor = null;
  do {
    const { data } = await request("GET", path, { ...options, query: { ...options.query, cursor } });
    yield* data.items;
    cursor = data.next_cursor;
  } while (cursor);
}

/**
 * Return all items of a list before one that `until` tells of, at most `most`.
 * @param {string} path
 * @param {Options & { most?: number, until?: (item: any) => boolean }} [options]
 */
async function all(path, { most = 1000, until = () => false, ...options } = {}) {
  const found = [];
  for await (const item of items(path, { ...options, query: { limit: 100, ...options.query } })) {
    if (until(item)) break;
    found.push(item);
    if (found.length >= most) break;
  }
  return found;
}

/**
 * Fetch bytes, such as a picture, which an address of `blob:` then shows.
 * @param {string} path
 * @param {Options & { method?: string }} [options]
 */
async function blob(path, options = {}) {
  const response = await answered(options.method ?? "GET", path, options);
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => null), response.headers);
  return response.blob();
}

/**
 * Send a file, telling how much of it has gone (0 to 1).
 * @param {string} path
 * @param {Blob | FormData} body
 * @param {{ method?: string, query?: Record<string, any>, etag?: string | null, signal?: AbortSignal,
 *   onProgress?: (part: number) => void }} [options]
 * @returns {Promise<Answer>}
 */
async function upload(path, body, options = {}) {
  const token = await session.token();
  const xhr = new XMLHttpRequest();
  xhr.open(options.method ?? "POST", addressOf(path, options.query));
  xhr.setRequestHeader("Accept", "application/json");
  if (token) xhr.setRequestHeader("Authorization", `Bearer ${token}`);
  if (options.etag) xhr.setRequestHeader("If-Match", options.etag);
  xhr.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) options.onProgress?.(event.loaded / event.total);
  });
  options.signal?.addEventListener("abort", () => xhr.abort());
  return new Promise((resolve, reject) => {
    xhr.addEventListener("error", () => reject(new Problem(0, null)));
    xhr.addEventListener("abort", () => reject(new DOMException("Given up.", "AbortError")));
    xhr.addEventListener("load", () => settle(xhr, resolve, reject));
    xhr.send(body);
  });
}

/**
 * @param {XMLHttpRequest} xhr
 * @param {(answer: Answer) => void} resolve
 * @param {(problem: Problem) => void} reject
 */
function settle(xhr, resolve, reject) {
  const headers = new Headers();
  for (const name of ["ETag", "Retry-After", "X-Request-ID", "Location"]) {
    const value = xhr.getResponseHeader(name);
    if (value) headers.set(name, value);
  }
  const data = parsed(xhr.responseText);
  if (xhr.status >= 200 && xhr.status < 300) resolve({ data, etag: headers.get("ETag"), headers, status: xhr.status });
  else reject(new Problem(xhr.status, data, headers));
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const api = {
  /** @param {string} path @param {Options} [options] */
  get: (path, options) => request("GET", path, options),
  /** @param {string} path @param {Options} [options] */
  post: (path, options) => request("POST", path, options),
  /** @param {string} path @param {Options} [options] */
  patch: (path, options) => request("PATCH", path, options),
  /** @param {string} path @param {Options} [options] */
  put: (path, options) => request("PUT", path, options),
  /** @param {string} path @param {Options} [options] */
  delete: (path, options) => request("DELETE", path, options),
  items,
  all,
  blob,
  upload,
};
