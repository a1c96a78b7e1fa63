"use strict";

const maker = document.querySelector(".maker");
if (maker) {
  const photo = maker.querySelector("#photo");
  const shown = maker.querySelector("[data-shown]");
  const drop = maker.querySelector("[data-drop]");
  const name = maker.querySelector("#name");
  const count = maker.querySelector("[data-count]");
  const button = maker.querySelector("button[type=submit]");
  const label = button.textContent;

  const showPhoto = () => {
    if (shown.src) URL.revokeObjectURL(shown.src);
    shown.hidden = photo.files.length === 0;
    if (photo.files.length) shown.src = URL.createObjectURL(photo.files[0]);
  };
  photo.addEventListener("change", showPhoto);
  shown.addEventListener("error", () => (shown.hidden = true)); // the server says what is wrong with it

  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) {
      photo.files = event.dataTransfer.files;
      showPhoto();
    }
  });

  const showCount = () => (count.textContent = `${[...name.value].length} / ${name.maxLength}`);
  name.addEventListener("input", showCount);
  showCount();

  maker.addEventListener("submit", () => {
    button.disabled = true;
    button.textContent = maker.dataset.sending;
  });
  // Coming back by the browser's own button finds the page as it was left.
  addEventListener("pageshow", () => {
    button.disabled = false;
    button.textContent = label;
    if (photo.files.length) showPhoto();
  });
}

// A saved badge is reported once, whichever of the two pictures was taken.
const saved = document.querySelector("[data-receipt]");
if (saved) {
  saved.addEventListener("click", (event) => {
    if (!event.target.closest("a[download]") || saved.dataset.told) return;
    saved.dataset.told = "yes";
    navigator.sendBeacon("/badge-downloaded", new URLSearchParams({ receipt: saved.dataset.receipt }));
  });
}
