// @ts-check
/** What keys of the editor mean. */

const MAC = /Mac|iP(?:hone|ad)/.test(globalThis.navigator?.platform ?? "");

/**
 * @param {KeyboardEvent} event
 * @returns {"undo" | "redo" | "find" | "indent" | "outdent" | null}
 */
export function commandOf(event) {
  if (event.isComposing || event.altKey) return null;
  const key = event.key.toLowerCase();
  if (key === "tab" && !event.ctrlKey && !event.metaKey) return event.shiftKey ? "outdent" : "indent";
  if (!(MAC ? event.metaKey : event.ctrlKey)) return null;
  if (key === "z") return event.shiftKey ? "redo" : "undo";
  if (key === "y") return "redo";
  return key === "f" && !event.shiftKey ? "find" : null;
}
