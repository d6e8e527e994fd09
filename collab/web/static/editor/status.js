// @ts-check
/** How a text stands with the server, and what follows from what it refused. */
import { Problem } from "../core/problem.js";

/**
 * `unsent`: there are own changes that the server does not have; `kept`: they are on this disk. Kinds: `opening`; `live`; `refused`: the text as it is was not taken (quota, size), and is tried again;
 * `reading`: the right to write is gone; `gone`: so is the file, or the right to read it.
 * @typedef {{ kind: "opening" | "live" | "refused" | "reading" | "gone", unsent: boolean, kept: boolean, problem: Problem | null }} Status
 */

/** Milliseconds before what was refused is tried again, and what came at a busy time. */
const REFUSED_AGAIN = 15_000;
const BUSY_AGAIN = 2_000;
/** Edits refused as wrong one after the other, after which it is told instead of tried anew. */
const MOST_ANEW = 3;

/**
 * What to do about a problem: take it up with the next connection, show that the file or the right is gone,
 * open the text again and put one's own changes on it, or say so and try again after some milliseconds.
 * @param {Problem} problem
 * @param {number} failures how often it has been opened anew for nothing
 * @returns {"reconnect" | "gone" | "reading" | "anew" | number}
 */
export function wayAfter({ status }, failures) {
  if (status === 0) return "reconnect";
  if (status === 404 || status === 410) return "gone";
  if (status === 403) return "reading";
  if ((status === 409 || status === 422) && failures < MOST_ANEW) return "anew";
  return status === 429 || status === 503 ? BUSY_AGAIN : REFUSED_AGAIN;
}

/** By what ended it: an event, or the status of an answer. @type {Record<string, string>} */
const LOST = {
  "file.deleted": "This file has been deleted.",
  404: "This file has been deleted, or you may no longer read it.",
};

/** Why a text is followed no longer, in words. @param {string} reason */
export function lost(reason) {
  const detail = LOST[reason] ?? "You may no longer read this file.";
  return new Problem(404, { detail });
}
