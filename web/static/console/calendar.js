// A post is dragged to another day; its time of day stays. The server decides, as it does for the form of the list.
const form = document.querySelector("#move");
let dragged = null;

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("[data-post]");
  if (dragged) event.dataTransfer.effectAllowed = "move";
});
document.addEventListener("dragend", () => {
  dragged = null;
  for (const day of document.querySelectorAll(".is-over-day")) day.classList.remove("is-over-day");
});
for (const day of document.querySelectorAll("[data-day]")) {
  day.addEventListener("dragover", (event) => {
    if (!dragged || day.contains(dragged)) return;
    event.preventDefault();
    day.classList.add("is-over-day");
  });
  day.addEventListener("dragleave", (event) => {
    if (!day.contains(event.relatedTarget)) day.classList.remove("is-over-day");
  });
  day.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!dragged || day.contains(dragged)) return;
    form.action = form.dataset.action.replace("POST", dragged.dataset.post) + location.search;
    form.elements.date.value = day.dataset.day;
    form.elements.time.value = dragged.dataset.time;
    form.submit();
  });
}
