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

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sure]");
  if (button && !confirm(button.dataset.sure)) event.preventDefault();
});

// A message that goes out is shown anew every few seconds, as the server renders it, until it is over.
const LOOK = 3000; // milliseconds
for (const row of document.querySelectorAll("[data-going]")) {
  let shown = row.innerHTML;
  const look = async () => {
    const answer = document.hidden ? null : await fetch(row.dataset.going).catch(() => null);
    if (answer && answer.ok && !answer.redirected) {
      const html = await answer.text();
      if (html !== shown && !row.contains(document.activeElement)) row.innerHTML = shown = html;
    }
    if (row.querySelector("progress[data-open]")) setTimeout(look, LOOK);
  };
  setTimeout(look, LOOK);
}

// One tick for all the boxes of a name.
document.addEventListener("change", (event) => {
  const name = event.target.dataset?.tickAll;
  if (!name) return;
  for (const box of document.querySelectorAll(`input[type=checkbox][name="${name}"]`)) box.checked = event.target.checked;
});
