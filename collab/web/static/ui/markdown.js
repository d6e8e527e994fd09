// @ts-check
/**
 * Markdown, the part of it that people type: headings, lists, quotes, code, emphasis, links, mentions.
 * It makes elements and never markup, so whatever is written stays text; links go to the web alone.
 */
import { append, h, safeLink } from "../core/dom.js";
import { calledUntil, mayCall, namesOf } from "../core/words.js";

/** Quotes and lists within one another; what is deeper is shown as text. */
const MAX_DEPTH = 6;

/** Names of those whom the text that is being shown may call. @type {Map<string, Set<string>> | undefined} */
let names;
/** Calls of a text that are looked at, as on the server. */
const MAX_CALLS = 100;
let callsLeft = MAX_CALLS;

/**
 * @param {string} text
 * @param {{ class?: string, people?: { name: string, email?: string | null }[] }} [options] `people`: whom it may
 *   call; without them whatever looks like a name is shown as one
 * @returns {HTMLElement}
 */
export function markdown(text, options = {}) {
  names = options.people && namesOf(options.people);
  callsLeft = MAX_CALLS;
  const root = h("div", { class: `markdown ${options.class ?? ""}`.trim(), dir: "auto" });
  append(root, blocks(text.replace(/\r\n?/g, "\n").split("\n"), 0));
  return root;
}

/** What an excerpt of it says, on one line and without marks. @param {string} text */
export function plainOf(text) {
  return saidIn(markdown(text)).replace(/\s+/g, " ").trim();
}

/** Elements that stand in a line with what is around them. */
const WITHIN_LINES = new Set(["A", "CODE", "EM", "S", "SPAN", "STRONG"]);

/** @param {Node} node @returns {string} */
function saidIn(node) {
  return [...node.childNodes]
    .map((one) => (one instanceof Element ? saidIn(one) + (WITHIN_LINES.has(one.tagName) ? "" : " ") : one.nodeValue))
    .join("");
}

/** What begins a block other than a paragraph. */
const FENCE = /^\s{0,3}(`{3,}|~{3,})\s*([\w+-]*)[^`]*$/;
const HEADING = /^(#{1,6})[ \t]+(\S.*)$/;
const RULE = /^\s{0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^\s{0,3}>\s?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;

/**
 * @param {string[]} lines
 * @param {number} depth
 * @returns {HTMLElement[]}
 */
function blocks(lines, depth) {
  /** @type {HTMLElement[]} */
  const found = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (!line.trim()) at += 1;
    else if (FENCE.test(line)) at = fence(lines, at, found);
    else if (HEADING.test(line)) at = heading(lines, at, found);
    else if (RULE.test(line)) at = found.push(h("hr", {})) && at + 1;
    else if (depth < MAX_DEPTH && QUOTE.test(line)) at = quote(lines, at, found, depth);
    else if (depth < MAX_DEPTH && ITEM.test(line)) at = list(lines, at, found, depth);
    else at = paragraph(lines, at, found, depth);
  }
  return found;
}

/** @param {string[]} lines @param {number} at @param {HTMLElement[]} found */
function fence(lines, at, found) {
  const mark = FENCE.exec(lines[at] ?? "")?.[1] ?? "```";
  let end = at + 1;
  while (end < lines.length && !(lines[end] ?? "").trim().startsWith(mark)) end += 1;
  found.push(h("pre", { tabindex: 0 }, h("code", {}, lines.slice(at + 1, end).join("\n"))));
  return end + 1;
}

/** @param {string[]} lines @param {number} at @param {HTMLElement[]} found */
function heading(lines, at, found) {
  const [, marks = "#", text = ""] = HEADING.exec(lines[at] ?? "") ?? [];
  // The page has its own h1 and h2: what people write comes below them.
  const tag = /** @type {"h3" | "h4" | "h5" | "h6"} */ (`h${Math.min(6, marks.length + 2)}`);
  found.push(h(tag, {}, inline(text.trimEnd())));
  return at + 1;
}

/** @param {string[]} lines @param {number} at @param {HTMLElement[]} found @param {number} depth */
function quote(lines, at, found, depth) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end] ?? "")) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  found.push(h("blockquote", {}, blocks(inner, depth + 1)));
  return end;
}

/** @param {string[]} lines @param {number} at @param {HTMLElement[]} found @param {number} depth */
function list(lines, at, found, depth) {
  const [, indent = "", mark = "-"] = ITEM.exec(lines[at] ?? "") ?? [];
  const ordered = /\d/.test(mark);
  const made = ordered ? h("ol", { start: parseInt(mark, 10) === 1 ? null : parseInt(mark, 10) }) : h("ul", {});
  while (at < lines.length) {
    const item = ITEM.exec(lines[at] ?? "");
    if (!item || (item[1] ?? "").length > indent.length + 1 || /\d/.test(item[2] ?? "") !== ordered) break;
    const inner = [item[3] ?? ""];
    for (at += 1; at < lines.length && belongs(lines[at] ?? "", indent.length); at += 1)
      inner.push((lines[at] ?? "").slice(indent.length + 2));
    made.append(entry(inner, depth));
  }
  found.push(made);
  return at;
}

/** Whether a line goes on with an item that stands so deep. @param {string} line @param {number} indent */
function belongs(line, indent) {
  return line.trim() !== "" && line.length - line.trimStart().length >= indent + 2;
}

/** @param {string[]} inner @param {number} depth */
function entry(inner, depth) {
  const task = /^\[([ xX])\]\s+/.exec(inner[0] ?? "");
  if (task) inner[0] = (inner[0] ?? "").slice(task[0].length);
  const [first = "", ...rest] = inner;
  const box = task
    ? h("input", {
        type: "checkbox",
        checked: task[1] !== " ",
        disabled: true,
        "aria-label": task[1] === " " ? "To do" : "Done",
      })
    : null;
  return h("li", {}, box, box ? " " : null, inline(first), rest.length ? blocks(rest, depth + 1) : null);
}

/** @param {string[]} lines @param {number} at @param {HTMLElement[]} found @param {number} depth */
function paragraph(lines, at, found, depth) {
  const begin = at;
  const starts = (/** @type {string} */ line) =>
    !line.trim() ||
    [FENCE, HEADING, RULE].some((one) => one.test(line)) ||
    (depth < MAX_DEPTH && (QUOTE.test(line) || ITEM.test(line)));
  for (at += 1; at < lines.length && !starts(lines[at] ?? ""); at += 1);
  const made = h("p", {});
  lines.slice(begin, at).forEach((line, n) => append(made, n ? h("br", {}) : null, inline(line.trim())));
  found.push(made);
  return at;
}

/** What stands within a line, each kind with its own name. */
const INLINE = new RegExp(
  [
    "(?<code>``[^`]+``|`[^`]+`)",
    "(?<strong>\\*\\*[^*\\s](?:[^*]*[^*\\s])?\\*\\*)",
    "(?<em>(?<![\\w*])[*_][^*_\\s](?:[^*_]*[^*_\\s])?[*_](?![\\w*]))",
    "(?<gone>~~[^~]+~~)",
    "(?<link>\\[[^\\[\\]]+\\]\\([^()\\s]+\\))",
    "(?<url>https?://[^\\s<>()\"']*[^\\s<>()\"'.,;:!?])",
  ].join("|"),
  "gu",
);

/**
 * @param {string} text
 * @returns {(string | HTMLElement)[]}
 */
export function inline(text) {
  /** @type {(string | HTMLElement)[]} */
  const found = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) found.push(...calling(text, end, match.index));
    found.push(inlineOf(match[0], match.groups ?? {}));
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push(...calling(text, end, text.length));
  return found;
}

/**
 * A part of a text in which nothing but people may stand out.
 * @param {string} text
 * @param {number} begin
 * @param {number} end
 */
function calling(text, begin, end) {
  /** @type {(string | HTMLElement)[]} */
  const found = [];
  for (let at = text.indexOf("@", begin); at >= 0 && at < end && callsLeft > 0; at = text.indexOf("@", at + 1)) {
    if (!mayCall(text, at)) continue;
    callsLeft -= 1;
    const until = calledUntil(text, at, names);
    if (!until || until > end) continue;
    if (at > begin) found.push(text.slice(begin, at));
    found.push(h("span", { class: "mention" }, text.slice(at, until)));
    begin = until;
  }
  if (begin < end) found.push(text.slice(begin, end));
  return found;
}

/** @param {string} text @param {Record<string, string | undefined>} kind @returns {string | HTMLElement} */
function inlineOf(text, kind) {
  if (kind["code"]) return h("code", {}, text.replace(/^`+|`+$/g, ""));
  if (kind["strong"]) return h("strong", {}, inline(text.slice(2, -2)));
  if (kind["em"]) return h("em", {}, inline(text.slice(1, -1)));
  if (kind["gone"]) return h("s", {}, inline(text.slice(2, -2)));
  if (kind["url"]) return external(text, text);
  const [, words = "", address = ""] = /^\[([^\]]+)\]\(([^)]+)\)$/.exec(text) ?? [];
  return safeLink(address) && /^(https?:|mailto:|\/)/.test(address) ? external(address, words) : text;
}

/** @param {string} address @param {string} words */
function external(address, words) {
  return h(
    "a",
    { href: address, target: address.startsWith("/") ? null : "_blank", rel: "noopener noreferrer nofollow" },
    words,
  );
}
