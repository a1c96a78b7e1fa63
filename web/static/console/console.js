"use strict";

// The composer keeps what is typed in this browser; the page behind a stored post says that it need not any more.
const sent = sessionStorage.getItem("porte-voix-sent");
if (sent && location.hash.startsWith("#post-")) {
  localStorage.removeItem(sent);
  sessionStorage.removeItem("porte-voix-sent");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sure]");
  if (button && !confirm(button.dataset.sure)) event.preventDefault();
});

// What goes on, such as a message that goes out, is shown anew every few seconds, as the server renders it, until it is
// over. Whoever listens is told of a new state alone, not of each step.
const LOOK = 3000; // milliseconds
for (const row of document.querySelectorAll("[data-going]")) {
  let shown = row.innerHTML;
  const look = async () => {
    const answer = document.hidden ? null : await fetch(row.dataset.going).catch(() => null);
    if (answer && answer.ok && !answer.redirected) {
      const html = await answer.text();
      if (html !== shown && !row.contains(document.activeElement)) {
        const before = row.querySelector("[data-said]")?.dataset.said;
        row.innerHTML = shown = html;
        const now = row.querySelector("[data-said]")?.dataset.said;
        if (now !== before) {
          const said = document.createElement("p"); // of two at once, neither is lost
          said.textContent = now;
          document.querySelector("[data-says]").append(said);
        }
      }
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
