// @ts-check
// Runs before anything is drawn, so that nobody who chose dark sees a flash of light.
(() => {
  const chosen = localStorage.getItem("collab.theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset["theme"] = chosen;
})();
