// Shows what ui/markdown.js makes of a text, or which texts it is slow with. There is no browser: what h() needs
// of a document is made here.
import { createInterface } from "node:readline";

class Node {
  constructor(tag) {
    this.tag = tag;
    this.children = [];
    this.dataset = {};
    this.style = { setProperty() {} };
  }
  append(...nodes) {
    this.children.push(...nodes);
  }
  setAttribute(name, value) {
    if (name === "href") this.href = value;
  }
  addEventListener() {}
  get childNodes() {
    return this.children.map((one) => (typeof one === "string" ? { nodeValue: one } : one));
  }
  get tagName() {
    return this.tag.toUpperCase();
  }
  get html() {
    const inner = this.children.map((one) => (typeof one === "string" ? one.replaceAll("<", "&lt;") : one.html));
    return `<${this.tag}${this.href ? ` ${this.href}` : ""}>${inner.join("")}</${this.tag}>`;
  }
}
globalThis.Element = Node;
globalThis.document = {
  createElement: (tag) => new Node(tag),
  addEventListener() {},
  documentElement: new Node("html"),
};
globalThis.location = { href: "http://127.0.0.1/" };

const { markdown, plainOf } = await import(process.argv[2]);

/** Begin with one, go on with the other: whatever is slow by its form is in here, twenty times over. */
const PIECES = [
  "# ",
  " ",
  "*",
  "**",
  "_a ",
  "`",
  "``",
  "~~",
  "[",
  "[a](",
  "> ",
  "- ",
  "1. ",
  "@a",
  "http://",
  "<",
  "\n",
  "\t",
  "a*",
  "[x] ",
];
/** Milliseconds of the processor; what is linear takes a hundredth of it. */
const MOST_MS = 1000;

function slow(size) {
  const found = [];
  for (const first of PIECES) {
    for (const second of PIECES) {
      const text = `${first}${second.repeat(Math.ceil(size / second.length))}x`;
      const begun = process.cpuUsage();
      markdown(text, { people: [{ name: "a" }] });
      const used = process.cpuUsage(begun);
      if ((used.user + used.system) / 1000 > MOST_MS) found.push([first, second]);
    }
  }
  return found;
}

const inner = (node) => node.children.map((one) => one.html).join("");
const answers = {
  html: ({ text, people }) => inner(markdown(text, { people })),
  plain: ({ text }) => plainOf(text),
  slow: ({ size }) => slow(size),
};
for await (const line of createInterface({ input: process.stdin })) {
  const [what, given] = JSON.parse(line);
  console.log(JSON.stringify(answers[what](given)));
}
