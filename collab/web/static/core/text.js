// @ts-check
/** Words: ids, initials, colours of people, plurals, and the search's excerpts. */
import { h } from "./dom.js";

/** An id that nobody else makes, 128 bits; `crypto.randomUUID` wants a secure context, this does not. */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * The first letters of a name: "Alice Owner" is "AO".
 * @param {string} name
 */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  const firsts = ends.map((word) => [...segmenter.segment(word ?? "")][0]?.segment ?? "");
  return firsts.join("").toLocaleUpperCase() || "?";
}

/** Colours that people can have; css/tokens.css has each, for text, for marks and in both themes. */
export const PERSON_COLOURS = 10;

/**
 * The number of a person's colour, 0 to 9: the same for everybody, in every window.
 * @param {number} userId
 */
export function colourOf(userId) {
  // Neighbours get colours that are far apart: 3 and 10 have no common factor.
  return (userId * 3) % PERSON_COLOURS;
}

/**
 * A person's colour as a value of CSS.
 * @param {number} userId
 */
export function colourVariable(userId) {
  return `var(--person-${colourOf(userId)})`;
}

/**
 * "1 task", "3 tasks".
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

/** @param {string} text */
export function capitalised(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/**
 * Bytes for people: 1536 is "1.5 KiB".
 * @param {number} bytes
 */
export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Programs by what they call themselves; the first that fits, as most claim to be several. @type {[RegExp, string][]} */
const PROGRAMS = [
  [/\bEdg/, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\//, "Firefox"],
  [/Chrom(e|ium)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
  [/^curl\//, "curl"],
  [/^python|httpx|urllib/i, "Python"],
];

/** @type {[RegExp, string][]} */
const SYSTEMS = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/Linux/, "Linux"],
];

/**
 * What a `User-Agent` means to people: "Firefox on Linux"; what is not known is shown as it is.
 * @param {string} agent
 */
export function programOf(agent) {
  const program = PROGRAMS.find(([pattern]) => pattern.test(agent))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
  if (!program) return agent || "Unknown program";
  return system ? `${program} on ${system}` : program;
}

/** @type {Record<string, string>} */
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#x27": "'", "#34": '"' };

/** @param {string} html */
function unescaped(html) {
  return html.replace(/&([a-z]+|#\w+);/gi, (whole, name) => ENTITIES[name.toLowerCase()] ?? whole);
}

/**
 * The search's excerpts, escaped HTML with `<mark>`, as nodes: nothing else in them becomes an element.
 * @param {string} html
 * @returns {(string | HTMLElement)[]}
 */
export function marked(html) {
  return html.split(/(<mark>.*?<\/mark>)/s).map((part) => {
    const found = /^<mark>(.*)<\/mark>$/s.exec(part);
    return found ? h("mark", {}, unescaped(found[1] ?? "")) : unescaped(part);
  });
}
