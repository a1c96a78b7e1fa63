"use strict";

// Before the page is painted: light or dark, as it was chosen here or as the system has it.
const SCHEME = "porte-voix-scheme";
const chosen = localStorage.getItem(SCHEME);
const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset.bsTheme = dark ? "dark" : "light";

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-scheme]")) return;
  const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
  document.documentElement.dataset.bsTheme = next;
  localStorage.setItem(SCHEME, next);
});
