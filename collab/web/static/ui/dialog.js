// @ts-check
/** Dialogs: the browser's own, which keep the focus inside and close with Escape. */
import { append, h } from "../core/dom.js";
import { asProblem } from "../core/problem.js";
import { button, iconButton } from "./button.js";

/**
 * @typedef {object} Dialog
 * @property {HTMLDialogElement} element
 * @property {() => void} close
 * @property {Promise<void>} closed
 */

/**
 * Open a dialog. `side`: a sheet at the edge, for details.
 * @param {{ title: string, body: import("../core/dom.js").Children[], actions?: HTMLElement[], side?: boolean, wide?: boolean }} options
 * @returns {Dialog}
 */
export function openDialog({ title, body, actions = [], side = false, wide = false }) {
  const before = document.activeElement;
  const id = `dialog-${Math.random().toString(36).slice(2)}`;
  const look = ["dialog", side ? "dialog-side" : "", wide ? "dialog-wide" : ""].filter(Boolean).join(" ");
  const element = h("dialog", { class: look, "aria-labelledby": id });
  const close = () => element.close();
  element.append(h("div", { class: "dialog-head" }, h("h2", { id }, title), iconButton("close", "Close", close)));
  const content = h("div", { class: "dialog-body" });
  append(content, ...body);
  element.append(content);
  if (actions.length) element.append(h("div", { class: "dialog-foot" }, actions));
  element.addEventListener("pointerdown", (event) => event.target === element && outside(element, event) && close());
  const closed = new Promise((/** @type {(value: void) => void} */ done) => {
    element.addEventListener("close", () => {
      element.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      done();
    });
  });
  document.body.append(element);
  element.showModal();
  return { element, close, closed };
}

/** @param {HTMLElement} element @param {PointerEvent} event */
function outside(element, event) {
  const box = element.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

/**
 * A dialog with a form. `save` is given the form's values; a problem that it throws is shown at its field, or
 * above the buttons, and the dialog stays.
 * @param {{ title: string, fields: import("./field.js").Field[], submit: string, intro?: string,
 *   save: (values: Record<string, any>) => Promise<unknown> }} options
 * @returns {Dialog}
 */
export function openForm({ title, fields, submit, intro, save }) {
  const wrong = h("p", { class: "form-wrong", role: "alert", hidden: true });
  const send = button(submit, () => {}, { look: "primary", type: "submit" });
  const form = h("form", { class: "form", novalidate: true }, intro ? h("p", { class: "quiet" }, intro) : null);
  append(
    form,
    fields.map((one) => one.element),
    wrong,
  );
  append(
    form,
    h(
      "div",
      { class: "form-foot" },
      button("Cancel", () => dialog.close()),
      send,
    ),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.getAttribute("aria-busy") === "true") return;
    send.setAttribute("aria-busy", "true");
    wrong.hidden = true;
    try {
      await save(Object.fromEntries(fields.map((one) => [one.name, one.value()])));
      dialog.close();
    } catch (error) {
      showProblem(asProblem(error), fields, wrong);
    } finally {
      send.removeAttribute("aria-busy");
    }
  });
  const dialog = openDialog({ title, body: [form] });
  fields[0]?.focus();
  return dialog;
}

/**
 * @param {import("../core/problem.js").Problem} problem
 * @param {import("./field.js").Field[]} fields
 * @param {HTMLElement} wrong
 */
export function showProblem(problem, fields, wrong) {
  const told = fields.filter((one) => one.tell(problem.of(one.name)));
  told[0]?.focus();
  wrong.textContent = told.length ? "" : `${problem.message} ${problem.wayOn}`.trim();
  wrong.hidden = told.length > 0;
}
