// @ts-check
/** Short words at the edge: what was done, with a way to undo it, and what went wrong, with a way on. */
import { h } from "../core/dom.js";
import { asProblem, isAbort } from "../core/problem.js";
import { icon } from "./icons.js";

/** Milliseconds that a toast stays; those with something to do stay longer, and while they are looked at. */
const STAY = 5_000;
const STAY_WITH_ACTION = 10_000;
const MOST = 3;

/** @type {HTMLElement | null} */
let place = null;

function shelf() {
  // A dialog is above all else on the page, so what is told while one is open stands in it.
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  const shelves = (place ??= h("div", { class: "toasts", role: "region", "aria-label": "Messages" }));
  if (shelves.parentElement !== host) {
    host.append(shelves);
    // What was told in a dialog is still to be read when that has closed.
    if (host !== document.body) host.addEventListener("close", () => document.body.append(shelves), { once: true });
  }
  return shelves;
}

/**
 * @typedef {object} Told
 * @property {string} text
 * @property {string} [more]
 * @property {"done" | "wrong"} [kind]
 * @property {{ label: string, run: () => unknown }} [action]
 * @property {number} [stay] milliseconds
 * @property {() => void} [gone]
 */

/** @param {Told} told @returns {() => void} takes it away */
function show({ text, more, kind = "done", action, stay, gone }) {
  const element = h("div", { class: `toast toast-${kind}`, role: kind === "wrong" ? "alert" : "status" });
  let over = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const away = () => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    element.remove();
    gone?.();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(away, stay ?? (action ? STAY_WITH_ACTION : STAY));
  };
  const run = async () => {
    try {
      const result = action?.run();
      away();
      await result;
    } catch (error) {
      toast.problem(asProblem(error));
    }
  };
  element.append(
    icon(kind === "wrong" ? "warning" : "check"),
    h("div", { class: "toast-text" }, h("p", {}, text), more ? h("p", { class: "toast-more" }, more) : ""),
    action ? h("button", { type: "button", class: "toast-action", on: { click: run } }, action.label) : "",
    h(
      "button",
      { type: "button", class: "icon-button", "aria-label": "Dismiss", on: { click: away } },
      icon("close", 14),
    ),
  );
  for (const kindOfLook of ["pointerenter", "focusin"]) element.addEventListener(kindOfLook, () => clearTimeout(timer));
  for (const kindOfLeave of ["pointerleave", "focusout"]) element.addEventListener(kindOfLeave, wait);
  const shelves = shelf();
  shelves.append(element);
  if (shelves.childElementCount > MOST) shelves.firstElementChild?.remove();
  wait();
  return away;
}

export const toast = {
  show,
  /** @param {string} text */
  done: (text) => show({ text }),

  /** Tell what went wrong. @param {import("../core/problem.js").Problem} problem */
  problem(problem) {
    if (isAbort(problem)) return;
    show({ text: problem.message, more: problem.wayOn, kind: "wrong", stay: STAY_WITH_ACTION });
  },

  /**
   * Do something that can be undone for some seconds, instead of asking beforehand: `commit` goes to the
   * server once nobody can undo it any more, also when the page is left; `revert` brings back what is shown.
   * @param {{ text: string, revert: () => void, commit: (options: { keepalive: boolean }) => Promise<unknown> }} change
   */
  undoable({ text, revert, commit }) {
    let settled = false;
    const settle = async (/** @type {boolean} */ leaving) => {
      if (settled) return;
      settled = true;
      window.removeEventListener("pagehide", left);
      try {
        await commit({ keepalive: leaving });
      } catch (error) {
        revert();
        toast.problem(asProblem(error));
      }
    };
    const left = () => void settle(true);
    const undo = () => {
      if (settled) return;
      settled = true;
      window.removeEventListener("pagehide", left);
      revert();
    };
    window.addEventListener("pagehide", left);
    show({ text, action: { label: "Undo", run: undo }, gone: () => void settle(false) });
  },
};
