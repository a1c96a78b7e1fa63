"use strict";

// Lengths, cost and silence come from the server: each rule stands in one place.
const form = document.querySelector("[data-writing]");
if (form) {
  const shown = form.querySelectorAll("[data-length]");
  const outlook = form.querySelector("#outlook");
  let waiting = 0;
  let asked = 0;

  const ask = async () => {
    const mine = ++asked;
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.append(name, value);
    const answer = await fetch(form.dataset.writing, { method: "POST", body: fields }).catch(() => null);
    if (!answer || !answer.ok || mine !== asked) return;
    const found = await answer.json();
    for (const place of shown) {
      const { length, limit } = found.counts[place.dataset.length];
      place.textContent = `${length} / ${limit}`;
      place.closest(".length").classList.toggle("over", length > limit);
    }
    outlook.innerHTML = found.outlook; // rendered by the server, as the page itself
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
