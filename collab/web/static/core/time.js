// @ts-check
/** Times: told as people do ("3 minutes ago"), exact on hover, and kept true while they are shown. */
import { h } from "./dom.js";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const dated = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

/**
 * @param {string | Date} time
 * @param {number} [now] milliseconds
 */
export function ago(time, now = Date.now()) {
  const then = new Date(time);
  const seconds = Math.round((then.getTime() - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 45) return seconds > 0 ? "in a moment" : "just now";
  if (size < 45 * MINUTE) return relative.format(Math.round(seconds / MINUTE), "minute");
  if (size < 22 * HOUR) return relative.format(Math.round(seconds / HOUR), "hour");
  if (size < 7 * DAY) return relative.format(Math.round(seconds / DAY), "day");
  return then.getFullYear() === new Date(now).getFullYear() ? date.format(then) : dated.format(then);
}

/** @param {string | Date} time */
export function exactly(time) {
  return exact.format(new Date(time));
}

/**
 * A `<time>` that says how long ago it was, and goes on saying so.
 * @param {string} time
 * @param {string} [className]
 */
export function timeOf(time, className = "time") {
  return h("time", { class: className, datetime: time, title: exactly(time) }, ago(time));
}

/** Let the times on the page grow older; called once. */
export function keepTimesTrue() {
  setInterval(() => {
    if (document.hidden) return;
    for (const one of document.querySelectorAll("time[datetime]")) {
      const text = ago(one.getAttribute("datetime") ?? "");
      if (one.textContent !== text) one.textContent = text;
    }
  }, 30_000);
}
