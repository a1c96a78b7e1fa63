"use strict";

// The lengths come from the server: each network counts in its own way, and the rules stand in one place.
const form = document.querySelector("[data-writing]");
if (form) {
  const shown = form.querySelectorAll("[data-length]");
  let waiting = 0;
  let asked = 0;

  const ask = async () => {
    const mine = ++asked;
    const fields = new URLSearchParams();
    for (const field of form.querySelectorAll("[data-counted], input[name=csrf]")) fields.set(field.name, field.value);
    const answer = await fetch("/console/count", { method: "POST", body: fields }).catch(() => null);
    if (!answer || !answer.ok || mine !== asked) return;
    const counts = await answer.json();
    for (const place of shown) {
      const { length, limit } = counts[place.dataset.length];
      place.textContent = `${length} / ${limit}`;
      place.closest(".length").classList.toggle("over", length > limit);
    }
  };
  form.addEventListener("input", (event) => {
    if (!event.target.matches("[data-counted]")) return;
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  });
}

for (const button of document.querySelectorAll("[data-sure]")) {
  button.addEventListener("click", (event) => {
    if (!confirm(button.dataset.sure)) event.preventDefault();
  });
}
