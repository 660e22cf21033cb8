// Loaded before the page is drawn, so that a chosen theme does not flash.
(function () {
  const root = document.documentElement;
  const chosen = localStorage.getItem("somata.theme");
  if (chosen) root.dataset.theme = chosen;
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-theme-toggle]");
    if (!button) return;
    root.dataset.theme = root.dataset.theme === "light" ? "dark" : "light";
    localStorage.setItem("somata.theme", root.dataset.theme);
    document.dispatchEvent(new CustomEvent("somata:theme"));
  });
})();
