// Loaded before the page is drawn, so that a chosen theme does not flash.
(function () {
  const root = document.documentElement;
  try {
    const chosen = localStorage.getItem("somata.theme");
    if (chosen) root.dataset.theme = chosen;
  } catch {
    // Storage is switched off: the choice holds for one page.
  }
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-theme-toggle]");
    if (!button) return;
    root.dataset.theme = root.dataset.theme === "light" ? "dark" : "light";
    try {
      localStorage.setItem("somata.theme", root.dataset.theme);
    } catch {
      // As above.
    }
    document.dispatchEvent(new CustomEvent("somata:theme"));
  });
})();
