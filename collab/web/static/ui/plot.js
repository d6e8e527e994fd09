// @ts-check
/**
 * Plots of times: lines with what they say at the pointer, and the same numbers as a table. Lines differ in their
 * dashes as well as in their colours, so nobody has to tell colours apart.
 */
import { append, h, restyle, svg } from "../core/dom.js";
import { exactly } from "../core/time.js";

/** @typedef {{ name: string, values: (number | null)[] }} Series */
/** @typedef {{ title: string, unit: string, times: string[], series: Series[] }} Plotted */

const WIDTH = 640;
const HEIGHT = 180;
const LEFT = 48;
const BOTTOM = 22;
const TOP = 10;
/** Colours and dashes that there are (`css/pipeline.css`). */
export const PLOT_LOOKS = 6;

const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** The least of 1, 2, 5, 10, 20, ... that is not below a value. @param {number} value */
export function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((one) => one * power >= value) ?? 10) * power;
}

/** @param {Plotted} plotted @returns {HTMLElement} */
export function linePlot(plotted) {
  const { title, unit, times, series } = plotted;
  const most = roundUp(Math.max(0, ...series.flatMap((one) => one.values.map((value) => value ?? 0))));
  const x = (/** @type {number} */ at) => LEFT + ((WIDTH - LEFT - 8) * at) / Math.max(1, times.length - 1);
  const y = (/** @type {number} */ value) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * value) / most;
  const drawing = svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: "img",
    "aria-label": `${title}: ${series.map((one) => `${one.name} up to ${Math.max(0, ...one.values.map(Number))} ${unit}`).join(", ")}. The table has all values.`,
    class: "plot-drawing",
  });
  drawing.append(...axes(most, times, x, y), ...series.map((one, at) => line(one, at, x, y)));
  const hand = svg("line", { class: "plot-hand", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
  drawing.append(hand);
  const told = h("div", { class: "plot-told", hidden: true });
  const board = h("div", { class: "plot-board" }, /** @type {any} */ (drawing), told);
  board.addEventListener("pointermove", (event) => point(event, board, hand, told, plotted, x));
  board.addEventListener("pointerleave", () => {
    told.hidden = true;
    hand.setAttribute("visibility", "hidden");
  });
  const legend = h(
    "ul",
    { class: "plot-legend" },
    series.map((one, at) => h("li", { dir: "auto" }, key(at), one.name)),
  );
  const caption = h("figcaption", {}, h("h3", {}, title), legend);
  return h("figure", { class: "plot" }, caption, board, asTable(plotted));
}

/** @param {number} at @returns {any} */
function key(at) {
  const drawing = svg("svg", { viewBox: "0 0 24 8", width: 24, height: 8, "aria-hidden": "true" });
  drawing.append(svg("line", { x1: 0, x2: 24, y1: 4, y2: 4, class: `plot-line plot-${at % PLOT_LOOKS}` }));
  return drawing;
}

/** @param {number} most @param {string[]} times @param {(at: number) => number} x @param {(value: number) => number} y */
function axes(most, times, x, y) {
  const made = [];
  for (const value of [0, most / 2, most]) {
    made.push(svg("line", { class: "plot-rule", x1: LEFT, x2: WIDTH - 8, y1: y(value), y2: y(value) }));
    made.push(text(LEFT - 6, y(value) + 4, compact.format(value), "end"));
  }
  const last = times.length - 1;
  const isLong = last > 0 && Date.parse(times[last] ?? "") - Date.parse(times[0] ?? "") > 36 * 3600_000;
  for (const at of new Set([0, Math.floor(last / 2), last])) {
    const time = times[at];
    if (!time) continue;
    const words = (isLong ? days : hours).format(new Date(time));
    made.push(text(x(at), HEIGHT - 4, words, at === 0 ? "start" : at === last ? "end" : "middle"));
  }
  return made;
}

/** @param {number} x @param {number} y @param {string} words @param {string} anchor */
function text(x, y, words, anchor) {
  const made = svg("text", { x, y, "text-anchor": anchor, class: "plot-words" });
  made.textContent = words;
  return made;
}

/** @param {Series} one @param {number} at @param {(at: number) => number} x @param {(value: number) => number} y */
function line(one, at, x, y) {
  let path = "";
  let isOpen = false;
  one.values.forEach((value, place) => {
    // A value with none beside it would be a line of no length: it is a dot.
    if (value !== null)
      path += `${isOpen ? "L" : "M"}${x(place).toFixed(1)} ${y(value).toFixed(1)}${isOpen ? "" : "h0.1"}`;
    isOpen = value !== null;
  });
  return svg("path", { d: path || "M0 0", class: `plot-line plot-${at % PLOT_LOOKS}` });
}

/**
 * Tell what is at the pointer.
 * @param {PointerEvent} event
 * @param {HTMLElement} board
 * @param {SVGElement} hand
 * @param {HTMLElement} told
 * @param {Plotted} plotted
 * @param {(at: number) => number} x
 */
function point(event, board, hand, told, { unit, times, series }, x) {
  const box = board.getBoundingClientRect();
  const inside = ((event.clientX - box.left) / box.width) * WIDTH;
  const share = (inside - LEFT) / (WIDTH - LEFT - 8);
  const at = Math.min(times.length - 1, Math.max(0, Math.round(share * (times.length - 1))));
  hand.setAttribute("x1", String(x(at)));
  hand.setAttribute("x2", String(x(at)));
  hand.setAttribute("visibility", "visible");
  told.replaceChildren();
  append(
    told,
    h("strong", {}, exactly(times[at] ?? "")),
    series.map((one) => h("span", { dir: "auto" }, `${one.name}: ${one.values[at] ?? "–"} ${unit}`)),
  );
  told.hidden = false;
  restyle(told, { left: `${Math.min(70, (x(at) / WIDTH) * 100)}%` });
}

/** @param {Plotted} plotted */
function asTable({ title, unit, times, series }) {
  const rows = h("tbody", {});
  const table = h(
    "table",
    { class: "plot-table" },
    h("caption", {}, `${title}, ${unit}`),
    h(
      "thead",
      {},
      h("tr", {}, h("th", { scope: "col" }, "Time"), ...series.map((one) => h("th", { scope: "col" }, one.name))),
    ),
    rows,
  );
  const scrolled = h("div", { class: "plot-scroll", tabindex: 0, role: "region", "aria-label": `${title} as a table` });
  scrolled.append(table);
  const fill = () => {
    if (rows.childElementCount) return;
    const filled = times
      .map((time, at) => ({ time, values: series.map((one) => one.values[at] ?? null) }))
      .filter((row) => row.values.some(Boolean))
      .reverse();
    append(
      rows,
      filled.map((row) =>
        h("tr", {}, h("th", { scope: "row" }, exactly(row.time)), ...row.values.map((one) => h("td", {}, one ?? "–"))),
      ),
    );
  };
  return h("details", { class: "plot-beside", on: { toggle: fill } }, h("summary", {}, "As a table"), scrolled);
}

/**
 * Bars, one below the other, each with its number: of a funnel.
 * @param {string} label
 * @param {{ name: string, value: number, words: string }[]} bars
 */
export function barPlot(label, bars) {
  const most = Math.max(1, ...bars.map((one) => one.value));
  const list = h("ol", { class: "bars", "aria-label": label });
  append(
    list,
    bars.map((one) => {
      const bar = h("span", { class: "bar", title: one.words });
      restyle(bar, { "inline-size": `${(100 * one.value) / most}%` });
      return h(
        "li",
        {},
        h("span", { class: "bar-name", dir: "auto" }, one.name),
        h("span", { class: "bar-room" }, bar),
        h("span", { class: "bar-words" }, one.words),
      );
    }),
  );
  return list;
}
