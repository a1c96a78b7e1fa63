"use strict";

// A saved badge is reported once, whichever of the two pictures was taken.
const saved = document.querySelector("[data-receipt]");
saved.addEventListener("click", (event) => {
  if (!event.target.closest("a[download]") || saved.dataset.told) return;
  saved.dataset.told = "yes";
  navigator.sendBeacon("/badge-downloaded", new URLSearchParams({ receipt: saved.dataset.receipt }));
});
