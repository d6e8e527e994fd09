// @ts-check
/**
 * Words and names as the server compares them (`collab/core/words`): without case and accents, in every script, and
 * whom an @name in a text calls.
 */

/** Characters after an @ in which a name ends. */
const MAX_WRITTEN = 120;

/** Letters that lose a stroke, or are two. @type {Record<string, string>} */
const LETTERS = {
  ł: "l",
  ø: "o",
  đ: "d",
  ð: "d",
  ħ: "h",
  ŧ: "t",
  ı: "i",
  æ: "ae",
  œ: "oe",
  ς: "σ",
  ى: "ي",
  ی: "ي",
  ک: "ك",
};
const LETTER = new RegExp(`[${Object.keys(LETTERS).join("")}]`, "gu");
const IGNORED = /[\p{Default_Ignorable_Code_Point}\u0640]+/gu;
const MARKED = /(\P{M})(\p{M}+)/gu;
/** Vowel signs and points that are left out, and the accents of any script. */
const ACCENTS = [
  "\u0300-\u036f",
  "\u1ab0-\u1aff",
  "\u1dc0-\u1dff",
  "\u20d0-\u20ff",
  "\u0591-\u05c7",
  "\u0610-\u061a",
  "\u064b-\u0652",
  "\u0656-\u065f",
  "\u0670",
  "\u06d6-\u06ed",
];
const ACCENT = new RegExp(ACCENTS.map((one) => `[${one}]`).join("|"), "gu");

/** A text as it is compared. @param {string} text */
export function fold(text) {
  return text
    .replace(IGNORED, "")
    .normalize("NFKC")
    .toUpperCase()
    .toLowerCase()
    .normalize("NFD")
    .replace(MARKED, (_, base, marks) => base + kept(base, marks))
    .normalize("NFC")
    .replace(LETTER, (one) => LETTERS[one] ?? one);
}

/** The marks that make another letter of one. @param {string} base @param {string} marks */
function kept(base, marks) {
  if (/\p{Script=Cyrillic}/u.test(base)) {
    if (base === "е") marks = marks.replace("\u0308", "");
    return /[гк]/.test(base) ? marks : marks.replace(/[\u0300\u0301]/g, "");
  }
  return marks.replace(ACCENT, "").replace(base === "\u0627" ? /[\u0653-\u0655]/g : /$^/, "");
}

/** A name, folded, with its spaces. @param {string} name */
export function spelled(name) {
  const plain = fold(name)
    .replace(/[\u2018\u2019\u02bc`\u00b4]/g, "'")
    .replace(/\s+/g, " ")
    .trim();
  return plain.replace(/[. ]+$/, "") || plain;
}

/** What names are looked up by: folded, without spaces. @param {string} name */
export function callKey(name) {
  return spelled(name).replaceAll(" ", "");
}

/** What is written without spaces between words. */
const RUN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{N}\p{M}\u200c\u200d]/u;
const MARK = /^[\p{M}\u200b-\u200d]/u;
const POSSESSIVE = /^['’]s(?![\p{L}\p{N}_])/iu;

/** Whether an @ stands where it calls somebody. @param {string} text @param {number} at */
export function mayCall(text, at) {
  const before = text[at - 1] ?? " ";
  if (before === "/") return /(?:^|\s)@[^\s/]{1,100}\/$/.test(text.slice(Math.max(0, at - MAX_WRITTEN), at));
  if (before === "_") return !WORD.test(text[at - 2] ?? " ");
  if (".+-\\@".includes(before)) return false;
  if (!WORD.test(before)) return true;
  return RUN.test(before) && !/^@[^\s@.,:;!?]+\.[\p{L}\p{N}]/u.test(text.slice(at, at + MAX_WRITTEN));
}

/** Whether a name may end in a place. @param {string} text @param {number} end */
function mayEnd(text, end) {
  const last = text[end - 1] ?? "";
  const rest = text.slice(end, end + 3);
  const next = rest[0] ?? "";
  if (!next || MARK.test(rest)) return !next;
  if (WORD.test(next)) return (!WORD.test(last) && !"._+-'’/\\@".includes(last)) || RUN.test(next) || RUN.test(last);
  if (!"._+-'’/\\@".includes(next)) return true;
  const after = rest[1] ?? "";
  return !WORD.test(after) || RUN.test(after) || POSSESSIVE.test(text.slice(end, end + 4));
}

/** What a name looks like whose bearer is not known here. */
const ANY_NAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}._+'’-]{0,98}[\p{L}\p{M}\p{N}])?/u;

/**
 * Where the name ends that an @ calls, where it may: the longest that one of some people has; without people, the next word.
 * @param {string} text
 * @param {number} at
 * @param {Map<string, Set<string>>} [names] from `namesOf`
 * @returns {number} 0 if it calls nobody
 */
export function calledUntil(text, at, names) {
  const line = text.slice(at + 1, at + 1 + MAX_WRITTEN).split("\n", 1)[0] ?? "";
  if (!names) {
    const found = ANY_NAME.exec(line)?.[0].replace(/['’]s$/i, "").length ?? 0;
    return found && mayEnd(text, at + 1 + found) ? at + 1 + found : 0;
  }
  for (let end = line.length; end > 0; end -= 1) {
    const written = line.slice(0, end);
    if (/^\s|\s$/.test(written) || !mayEnd(text, at + 1 + end)) continue;
    const known = names.get(callKey(written));
    if (known && (!/\s/.test(written) || known.has(spelled(written)))) return at + 1 + end;
  }
  return 0;
}

/**
 * The names by which people are called: each with how it is spelled.
 * @param {{ name: string, email?: string | null }[]} people
 */
export function namesOf(people) {
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const { name, email } of people)
    for (const one of [name, (email ?? "").split("@")[0] ?? ""])
      if (one) found.set(callKey(one), (found.get(callKey(one)) ?? new Set()).add(spelled(one)));
  return found;
}
