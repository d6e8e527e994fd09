// @ts-check
/** Who one is, once more: what protects an account changes only for who shows the password or a code. */
import { openForm } from "../ui/dialog.js";
import { field } from "../ui/field.js";

/** Six digits are the app's; no password is so short. */
const APP_CODE = /^\s*\d{3}\s?\d{3}\s*$/;

export function whoField() {
  return field("who", "Your password", {
    type: "password",
    hint: "Or a code of your authenticator app.",
    attributes: { autocomplete: "current-password" },
  });
}

/**
 * The members of a body that say who one is; nothing for an account without a password.
 * @param {Record<string, any>} values of a form with a `whoField`
 */
export function shown({ who }) {
  if (!who) return {};
  return APP_CODE.test(who) ? { code: who } : { password: who };
}

/**
 * A form that may open something else once it is closed: its `save` returns what does.
 * @param {Omit<Parameters<typeof openForm>[0], "save"> & { save: (values: Record<string, any>) => Promise<(() => void) | void> }} options
 */
export function formThen({ save, ...options }) {
  let next = () => {};
  let isClosed = false;
  const dialog = openForm({
    ...options,
    async save(values) {
      next = (await save(values)) ?? next;
      if (isClosed) next(); // by somebody who did not wait: what was made is shown this once all the same
    },
  });
  void dialog.closed.then(() => {
    isClosed = true;
    next();
  });
  return dialog;
}

/**
 * Ask, and then do it.
 * @param {string} title
 * @param {string} submit
 * @param {(who: { password?: string, code?: string }) => Promise<(() => void) | void>} work
 * @param {string} [intro]
 */
export function confirmFirst(title, submit, work, intro) {
  return formThen({
    title,
    submit,
    ...(intro ? { intro } : {}),
    fields: [whoField()],
    save: (values) => work(shown(values)),
  });
}
