// @ts-check
/** Light or dark: as the system says, unless somebody chose. A preference, kept in this browser. */

const KEY = "collab.theme";

/** @returns {"system" | "light" | "dark"} */
export function theme() {
  const chosen = localStorage.getItem(KEY);
  return chosen === "dark" || chosen === "light" ? chosen : "system";
}

/** @param {string} chosen */
export function setTheme(chosen) {
  if (chosen === "light" || chosen === "dark") {
    localStorage.setItem(KEY, chosen);
    document.documentElement.dataset["theme"] = chosen;
  } else {
    localStorage.removeItem(KEY);
    delete document.documentElement.dataset["theme"];
  }
}

/** Switch from what is seen now to the other. */
export function toggleTheme() {
  const dark = getComputedStyle(document.documentElement).colorScheme;
  const seen = dark === "dark" || (dark !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  setTheme(seen ? "light" : "dark");
}
