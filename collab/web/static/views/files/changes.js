// @ts-check
/** What makes one version of another, as lines with what went and what came. Pure. */

/** @typedef {import("../../editor/wire.js").Edit} Edit */
/** @typedef {{ kind: "kept" | "gone" | "new", text: string }} Part */
/** @typedef {{ number: number | null, parts: Part[], changed: boolean }} Line `number` in the newer version; null for a line that is gone */
/** @typedef {{ fold: number } | Line} Row `fold`: so many lines that are the same */

/** Lines that are shown around a change. */
const AROUND = 3;

/**
 * @param {string} before the older version
 * @param {Edit[]} edits
 * @returns {Part[]}
 */
export function partsOf(before, edits) {
  /** @type {Part[]} */
  const parts = [];
  let at = 0;
  for (const { retain = 0, insert = "", delete: gone = 0 } of edits) {
    if (retain) parts.push({ kind: "kept", text: before.slice(at, at + retain) });
    if (insert) parts.push({ kind: "new", text: insert });
    if (gone) parts.push({ kind: "gone", text: before.slice(at, at + gone) });
    at += retain + gone;
  }
  parts.push({ kind: "kept", text: before.slice(at) });
  return parts.filter((one) => one.text);
}

/**
 * Parts as lines: what went is shown before what came in its place.
 * @param {Part[]} parts
 * @returns {Line[]}
 */
export function linesOf(parts) {
  /** @type {Line[]} */
  const lines = [];
  let line = emptyLine();
  let number = 1;
  const end = () => {
    const gone = line.parts.length > 0 && line.parts.every((one) => one.kind === "gone");
    lines.push({ ...line, number: gone ? null : number });
    if (!gone) number += 1;
    line = emptyLine();
  };
  for (const { kind, text } of parts) {
    for (const [at, piece] of text.split("\n").entries()) {
      if (at > 0) {
        if (kind !== "kept") line.changed = true;
        if (kind === "gone") line.parts.push({ kind, text: "⏎" });
        end();
      }
      if (piece) line.parts.push({ kind, text: piece });
      if (piece && kind !== "kept") line.changed = true;
    }
  }
  end();
  return lines;
}

/** @returns {Line} */
function emptyLine() {
  return { number: null, parts: [], changed: false };
}

/**
 * Lines with what is far from any change folded away.
 * @param {Line[]} lines
 * @returns {Row[]}
 */
export function folded(lines) {
  const near = new Uint8Array(lines.length);
  lines.forEach((line, at) => {
    if (line.changed) near.fill(1, Math.max(0, at - AROUND), at + AROUND + 1);
  });
  /** @type {Row[]} */
  const rows = [];
  let hidden = 0;
  lines.forEach((line, at) => {
    if (!near[at]) return void (hidden += 1);
    if (hidden) rows.push({ fold: hidden });
    hidden = 0;
    rows.push(line);
  });
  if (hidden) rows.push({ fold: hidden });
  return rows;
}

/** @typedef {{ version: number, base: number, author: { id: number, name: string } | null, door: string, at: string, inserted: number, deleted: number, undoes: number[] | null }} Entry */
/** @typedef {{ author: Entry["author"], door: string, from: number, to: number, base: number, at: string, inserted: number, deleted: number, count: number }} Group what one person did in one go */

/** Milliseconds between two changes of one go. */
const GO = 5 * 60_000;
const LIVE_DOORS = new Set(["socket", "yjs"]);

/**
 * Changes of one person that follow one another closely, as one. The newest is first, here as there.
 * @param {Entry[]} entries
 * @returns {Group[]}
 */
export function grouped(entries) {
  /** @type {Group[]} */
  const groups = [];
  for (const one of entries) {
    const last = groups[groups.length - 1];
    const typed = last && LIVE_DOORS.has(one.door) && LIVE_DOORS.has(last.door);
    if (
      typed &&
      last.author?.id === one.author?.id &&
      Date.parse(last.at) - Date.parse(one.at) < GO &&
      last.base === one.version
    ) {
      Object.assign(last, {
        from: one.version,
        base: one.base,
        count: last.count + 1,
        inserted: last.inserted + one.inserted,
        deleted: last.deleted + one.deleted,
      });
    } else {
      const { author, door, version, base, at, inserted, deleted } = one;
      groups.push({ author, door, from: version, to: version, base, at, inserted, deleted, count: 1 });
    }
  }
  return groups;
}
