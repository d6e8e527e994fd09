// @ts-check
/** Changes that another window has left unsent: handed to the server, as that window would have. */
import { asProblem } from "../core/problem.js";
import { randomId } from "../core/text.js";
import { Replica } from "./replica.js";
import { editMessage } from "./wire.js";

/**
 * @param {number} fileId
 * @param {typeof import("../core/live.js").live} live
 * @param {import("./keep.js").Kept} kept
 */
export async function deliver(fileId, live, kept) {
  const replica = new Replica(kept, randomId);
  await live.whenOnline();
  const included = await isTaken(fileId, live, replica);
  const opened = await live.request({ type: "file.open", file_id: fileId });
  replica.reopen(opened.content, opened.version, included);
  for (let sent = replica.sent ?? replica.next(); sent; sent = replica.next()) {
    const accepted = await live.request(editMessage(fileId, replica));
    const now = await live.request({ type: "file.open", file_id: fileId });
    replica.reopen(now.content, now.version, accepted.version <= now.version);
  }
}

/**
 * Whether the server has what was sent: said again under its name, it is carried out once.
 * @param {number} fileId
 * @param {typeof import("../core/live.js").live} live
 * @param {Replica} replica
 */
export async function isTaken(fileId, live, replica) {
  if (!replica.sent) return false;
  try {
    await live.request(editMessage(fileId, replica));
    return true;
  } catch (error) {
    const { status } = asProblem(error);
    if (status === 409 || status === 422) return false;
    throw error;
  }
}
