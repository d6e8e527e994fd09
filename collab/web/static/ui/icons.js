// @ts-check
/** Icons, drawn for this page on a grid of 16: lines of 1.5, round ends. */
import { svg } from "../core/dom.js";

/** Paths; what should be filled begins with "f:". @type {Record<string, string[]>} */
const DRAWN = {
  home: ["M2.5 7.5 8 2.5l5.5 5M4 6.5v7h3v-4h2v4h3v-7"],
  tasks: ["M2.5 4 4 5.5 6.5 2.5", "M9 4h4.5", "M2.5 11 4 12.5 6.5 9.5", "M9 11h4.5"],
  posts: ["M3 2.5h10v11H3z", "M5.5 5.5h5M5.5 8h5M5.5 10.5h3"],
  bell: ["M4 11V7a4 4 0 0 1 8 0v4l1.2 1.5H2.8z", "M6.8 14.5h2.4"],
  jobs: ["M9 1.8 3.5 9H8l-1 5.2L12.5 7H8z"],
  activity: ["M1.5 8.5h3l2-5 3 9 2-4h3"],
  pipeline: ["M1.500 5.500h5l3 5h5M1.500 10.500h5l1-1.700M8.500 7.200l1-1.700h5"],
  admin: ["M8 1.8 13 4v4c0 3-2 5.200-5 6.300C5 13.200 3 11 3 8V4z", "M6 8l1.500 1.500L10.200 6.500"],
  project: ["M2 5.5V13h12V5.500H8.200L6.800 3H2z"],
  board: ["M2.500 2.500h3v11h-3z", "M6.500 2.500h3v7h-3z", "M10.500 2.500h3v9h-3z"],
  files: ["M4 1.800h5l3 3v9.400H4z", "M9 1.800v3h3"],
  folder: ["M2 5V13h12V5H8.200L6.800 3H2z"],
  members: [
    "M6 8a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
    "M1.800 13.500c0-2.400 1.900-4 4.200-4s4.200 1.600 4.200 4",
    "M10.500 3.300a2.300 2.300 0 0 1 0 4.400M11.800 9.900c1.500.5 2.400 1.900 2.400 3.600",
  ],
  settings: [
    "M2 4.500h7M12.500 4.500H14M2 11.500h1.500M7 11.500h7",
    "M10.800 6.200a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400z",
    "M5.200 13.200a1.700 1.700 0 1 0 0-3.400 1.700 1.700 0 0 0 0 3.400z",
  ],
  search: ["M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10z", "M10.800 10.800 14 14"],
  plus: ["M8 3v10M3 8h10"],
  close: ["M4 4l8 8M12 4l-8 8"],
  check: ["M3 8.500 6.500 12 13 4.500"],
  more: [
    "f:M4 8a1.100 1.100 0 1 1-2.200 0A1.100 1.100 0 0 1 4 8zM9.100 8a1.100 1.100 0 1 1-2.200 0 1.100 1.100 0 0 1 2.200 0zM14.200 8A1.100 1.100 0 1 1 12 8a1.100 1.100 0 0 1 2.200 0z",
  ],
  menu: ["M2 4.500h12M2 8h12M2 11.500h12"],
  down: ["M4 6l4 4 4-4"],
  up: ["M4 10l4-4 4 4"],
  right: ["M6 4l4 4-4 4"],
  left: ["M10 4 6 8l4 4"],
  out: ["M6 2.500H3v11h3M7 8h7M11 5l3 3-3 3"],
  sun: [
    "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
    "M8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  ],
  moon: ["M13 9.500A5.500 5.500 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500z"],
  keyboard: ["M1.500 4h13v8h-13z", "M4 6.500h.01M6.700 6.500h.01M9.300 6.500h.01M12 6.500h.01M5 9.500h6"],
  trash: ["M2.500 4.500h11M6 4.500v-2h4v2M4 4.500l.6 9h6.800l.6-9M6.700 7v4M9.300 7v4"],
  edit: ["M3 13l.7-3L10.500 3.200l2.300 2.300L6 12.300z"],
  play: ["M5 3v10l8-5z"],
  stop: ["M4 4h8v8H4z"],
  retry: ["M13 8a5 5 0 1 1-1.500-3.500M13 2v3h-3"],
  upload: ["M8 11V2.500M4.500 6 8 2.500 11.500 6M2.500 13.500h11"],
  download: ["M8 2.500V11M4.500 7.500 8 11l3.500-3.500M2.500 13.500h11"],
  history: ["M8 4.500V8l2.500 1.500", "M2.500 8A5.500 5.500 0 1 0 4 4.200M2.500 2.500v3h3"],
  comment: ["M2 3h12v8H7l-3 2.500V11H2z"],
  calendar: ["M2.500 3.500h11v10h-11zM2.500 6.500h11M5.500 2v3M10.500 2v3"],
  user: ["M8 8a2.800 2.800 0 1 0 0-5.600A2.800 2.800 0 0 0 8 8z", "M3 14c0-2.700 2.200-4.500 5-4.500s5 1.800 5 4.500"],
  mail: ["M2 3.500h12v9H2zM2 4.500l6 4.500 6-4.500"],
  warning: ["M8 2 1.500 13.500h13z", "M8 6.500v3.500M8 11.800v.01"],
  info: ["M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z", "M8 7.300v3.700M8 5v.01"],
  filter: ["M2 4h12M4 8h8M6.500 12h3"],
  link: [
    "M6.500 9.500l3-3M7 4.500l1.500-1.500a3 3 0 0 1 4.500 4.500L11.500 9M9 11.500 7.500 13A3 3 0 0 1 3 8.500L4.500 7",
  ],
  flag: ["M3.500 14V2.500h9L10.500 6l2 3.500h-9"],
  health: ["M8 13.500C4 11 2 8.500 2 6a3 3 0 0 1 6-1 3 3 0 0 1 6 1c0 2.500-2 5-6 7.500z"],
  collection: ["M3 5.500h10v8H3zM4.500 3.500h7M6 1.500h4"],
  image: ["M2 3h12v10H2z", "M2 11l3.500-3.500L9 11l2-2 3 3", "M10.500 6v.01"],
  wrap: ["M2 4h12M2 8h8.500a2.500 2.500 0 0 1 0 5H7.500M9.500 11l-2 2 2 2M2 12.500h2.500"],
  swap: ["M3 5.500h9L9.500 3M13 10.500H4L6.500 13"],
};

/**
 * An icon, which says nothing by itself: its button has a label.
 * @param {keyof typeof DRAWN | string} name
 * @param {number} [size]
 */
export function icon(name, size = 16) {
  const frame = {
    class: "icon",
    viewBox: "0 0 16 16",
    width: size,
    height: size,
    "aria-hidden": "true",
    focusable: "false",
  };
  const lines = (DRAWN[name] ?? []).map((d) =>
    d.startsWith("f:") ? svg("path", { d: d.slice(2), class: "icon-filled" }) : svg("path", { d }),
  );
  return svg("svg", frame, ...lines);
}

/** The mark: two circles that share a part. */
export function mark(size = 22) {
  return svg(
    "svg",
    { class: "mark", viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true", focusable: "false" },
    svg("circle", { cx: 9.5, cy: 12, r: 6.5, class: "mark-one" }),
    svg("circle", { cx: 14.5, cy: 12, r: 6.5, class: "mark-other" }),
  );
}
