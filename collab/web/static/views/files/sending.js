// @ts-check
/** Files that come from outside: chosen or dropped, with their folders, sent one after the other with their progress. */
import { h } from "../../core/dom.js";
import { Problem, asProblem, isAbort } from "../../core/problem.js";
import { size } from "../../core/text.js";
import { button, iconButton } from "../../ui/button.js";
import { joined } from "./nodes.js";

/** @typedef {{ path: string, file: File }} Sent */

/** Files that are sent at most at once. */
const MOST = 500;
/** Bytes that a file may have, as docs/files.md says: what is more is not sent for nothing. */
const MOST_BYTES = 25 * 2 ** 20;

/**
 * What was dropped, folders with what is in them.
 * @param {DataTransfer} transfer
 * @param {string} folder
 * @returns {Promise<Sent[]>}
 */
export async function droppedFiles(transfer, folder) {
  // The list is empty once the event is over, so all entries are taken before anything is waited for.
  const entries = [...transfer.items].filter((item) => item.kind === "file").map(entryOf);
  const lists = await Promise.all(
    entries.map((one) => (one instanceof File ? [{ path: joined(folder, one.name), file: one }] : within(one, folder))),
  );
  return lists.flat().slice(0, MOST);
}

/** @param {DataTransferItem} item @returns {FileSystemEntry | File} */
function entryOf(item) {
  return item.webkitGetAsEntry() ?? /** @type {File} */ (item.getAsFile());
}

/** @param {FileSystemEntry} entry @param {string} folder @returns {Promise<Sent[]>} */
async function within(entry, folder) {
  const path = joined(folder, entry.name);
  if (entry.isFile) {
    const file = await new Promise((done, failed) => /** @type {FileSystemFileEntry} */ (entry).file(done, failed));
    return [{ path, file }];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  /** @type {Sent[]} */
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0 || found.length >= MOST) return found;
    for (const one of some) found.push(...(await within(one, path)));
  }
}

/**
 * Ask for files.
 * @param {{ accept?: string, multiple?: boolean }} [options]
 * @returns {Promise<File[]>}
 */
export function chosenFiles({ accept = "", multiple = true } = {}) {
  return new Promise((done) => {
    const input = h("input", { type: "file", accept, multiple });
    input.addEventListener("change", () => done([...(input.files ?? [])]));
    input.addEventListener("cancel", () => done([]));
    input.click();
  });
}

/** What is on its way, as a list at the foot of the tree. */
export class Sending {
  #last = Promise.resolve();

  /** @param {typeof import("../../core/api.js").api} api @param {() => void} arrived */
  constructor(api, arrived) {
    this.api = api;
    this.arrived = arrived;
    this.element = h("ul", { class: "sending", "aria-label": "Uploads", hidden: true });
  }

  /**
   * Send files one after the other. Where a path is taken the person may put the file in its place.
   * @param {number} workspaceId
   * @param {Sent[]} files
   */
  send(workspaceId, files) {
    for (const { path, file } of files) {
      this.#queue(
        path,
        file.size,
        (progress, signal) =>
          this.api.upload(`workspaces/${workspaceId}/files`, file, { query: { path }, onProgress: progress, signal }),
        async (progress, signal) => {
          const { data } = await this.api.get(`workspaces/${workspaceId}/files`, { query: { prefix: path, limit: 1 } });
          return this.api.upload(`files/${data.items[0]?.id}/content`, file, {
            method: "PUT",
            onProgress: progress,
            signal,
          });
        },
      );
    }
  }

  /** Unpack a zip. @param {number} workspaceId @param {File} file */
  unpack(workspaceId, file) {
    const post =
      (/** @type {string} */ conflict) =>
      (/** @type {(part: number) => void} */ progress, /** @type {AbortSignal} */ signal) =>
        this.api.upload(`workspaces/${workspaceId}/archive`, file, {
          query: { conflict },
          onProgress: progress,
          signal,
        });
    this.#queue(file.name, file.size, post("fail"), post("replace"));
  }

  /** @typedef {(progress: (part: number) => void, signal: AbortSignal) => Promise<unknown>} Work */

  /** @param {string} name @param {number} bytes @param {Work} work @param {Work} replacing */
  #queue(name, bytes, work, replacing) {
    const aborter = new AbortController();
    const bar = h("progress", { max: 1, value: 0, "aria-label": `Upload of ${name}` });
    const words = h("span", { class: "sending-words" }, size(bytes));
    const buttons = h("span", { class: "sending-buttons" });
    const row = h(
      "li",
      { class: "sending-row" },
      h("span", { class: "sending-name", dir: "auto" }, name),
      words,
      bar,
      buttons,
    );
    buttons.append(iconButton("close", `Stop the upload of ${name}`, () => [aborter.abort(), this.#gone(row)]));
    this.element.append(row);
    this.element.hidden = false;
    const run = async (/** @type {Work} */ how) => {
      if (aborter.signal.aborted) return;
      try {
        if (bytes > MOST_BYTES) throw new Problem(413, { detail: `It is ${size(bytes)}; a file may have 25 MiB.` });
        await how((part) => (bar.value = part), aborter.signal);
        this.#gone(row);
        this.arrived();
      } catch (error) {
        if (!isAbort(error)) this.#failed(row, words, buttons, asProblem(error), () => run(replacing));
      }
    };
    this.#last = this.#last.then(() => run(work));
  }

  /** @param {HTMLElement} row @param {HTMLElement} words @param {HTMLElement} buttons @param {import("../../core/problem.js").Problem} problem @param {() => Promise<void>} replacing */
  #failed(row, words, buttons, problem, replacing) {
    row.classList.add("sending-failed");
    row.setAttribute("role", "alert");
    words.textContent = problem.message;
    const again = button(
      "Replace",
      () => [row.classList.remove("sending-failed"), (words.textContent = ""), again.remove(), void replacing()],
      { look: "quiet" },
    );
    if (problem.status === 409) buttons.prepend(again);
  }

  /** @param {HTMLElement} row */
  #gone(row) {
    row.remove();
    this.element.hidden = this.element.childElementCount === 0;
  }
}
