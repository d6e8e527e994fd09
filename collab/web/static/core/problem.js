// @ts-check
/** What went wrong, in words and with a way on: the server's problem+json (RFC 9457), or no answer at all. */

export class Problem extends Error {
  /**
   * @param {number} status 0 when no answer came
   * @param {any} body
   * @param {Headers} [headers]
   */
  constructor(status, body, headers) {
    super(wordsOf(status, body));
    this.name = "Problem";
    this.status = status;
    /** @type {{ detail: string, pointer: string }[]} */
    this.errors = body?.errors ?? [];
    this.title = String(body?.title ?? "");
    /** Under this id the server's log has it. */
    this.requestId = String(body?.request_id ?? headers?.get("X-Request-ID") ?? "");
    /** Seconds to wait. */
    this.retryAfter = Number(headers?.get("Retry-After") ?? 0);
    /** All members, with those that are this problem's own. @type {Record<string, any>} */
    this.body = body ?? {};
  }

  /** What to do about it. */
  get wayOn() {
    if (TRY_ANOTHER.includes(this.body["type"])) return "";
    return WAYS_ON[this.status] ?? (this.status >= 500 ? `Try again. ${this.#id}` : "");
  }

  get #id() {
    return this.requestId ? `If this persists, tell the operator this id: ${this.requestId}.` : "";
  }

  /**
   * What is wrong with one member of the body that was sent.
   * @param {string} name
   */
  of(name) {
    const found = this.errors.find((one) => one.pointer === `#/${name}`);
    return found?.detail ?? "";
  }
}

/** Of these the words say what to do: not to sign in again. */
const TRY_ANOTHER = ["wrong-credentials", "wrong-code", "passkey-refused"].map((kind) => `/problems/${kind}`);

/** @type {Record<number, string>} */
const WAYS_ON = {
  0: "Your changes are kept here; try again once you are connected.",
  401: "Sign in again.",
  403: "An owner of the project can change your role.",
  404: "It may have been deleted, or you are no longer a member.",
  409: "Load it again, and repeat your change.",
  412: "Load it again, and repeat your change.",
  413: "Delete what is no longer needed, or send less.",
  429: "Wait a moment, and try again.",
  507: "The operator has to free some space.",
};

/**
 * @param {number} status
 * @param {any} body
 */
function wordsOf(status, body) {
  if (status === 0) return "The server can’t be reached.";
  const details = (body?.errors ?? []).map((/** @type {any} */ one) => {
    const name = String(one.pointer ?? "").replace(/^#\/?/, "");
    return name ? `${name}: ${one.detail}` : one.detail;
  });
  return details.length ? details.join(" ") : String(body?.detail ?? body?.title ?? `The server answered ${status}.`);
}

/**
 * Any error as a problem: a bug of ours, too, is told in words.
 * @param {unknown} error
 * @returns {Problem}
 */
export function asProblem(error) {
  if (error instanceof Problem) return error;
  if (!isAbort(error)) console.error(error);
  return new Problem(-1, { detail: "Something broke on this page. Load it again." });
}

/**
 * Whether a request was given up by the page itself, as when its view is gone.
 * @param {unknown} error
 */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}
