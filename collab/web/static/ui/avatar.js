// @ts-check
/** People as initials, each in the colour that they have everywhere. */
import { h } from "../core/dom.js";
import { colourOf, initials } from "../core/text.js";

/**
 * @param {{ id: number, name: string }} person
 * @param {{ size?: "small" | "large", here?: boolean, decorative?: boolean }} [options] `decorative`: the name stands beside it
 */
export function avatar(person, { size, here = false, decorative = false } = {}) {
  const look = ["avatar", `person-${colourOf(person.id)}`, size ? `avatar-${size}` : "", here ? "avatar-here" : ""];
  const words = here ? `${person.name}, here now` : person.name;
  const names = decorative ? { "aria-hidden": "true" } : { role: "img", "aria-label": words, title: words };
  return h("span", { class: look.filter(Boolean).join(" "), ...names }, initials(person.name));
}

/** Somebody with their name. @param {{ id: number, name: string }} person */
export function personLabel(person) {
  return h(
    "span",
    { class: "person" },
    avatar(person, { size: "small", decorative: true }),
    h("span", { class: "person-name" }, person.name),
  );
}

/**
 * Several people in a row; of many the first ones, and how many more.
 * @param {{ id: number, name: string }[]} people
 * @param {number} [most]
 */
export function avatars(people, most = 5) {
  const shown = people.slice(0, most);
  const rest = people.slice(most);
  const more = rest.length
    ? h(
        "span",
        {
          class: "avatar avatar-more",
          role: "img",
          "aria-label": rest.map((one) => one.name).join(", "),
          title: rest.map((one) => one.name).join(", "),
        },
        `+${rest.length}`,
      )
    : null;
  return h(
    "span",
    { class: "avatars" },
    shown.map((one) => avatar(one, { here: true })),
    more,
  );
}
