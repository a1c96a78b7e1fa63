// Says the bar that a pointer, a finger or an arrow key is on. Without it, the tables say the same.
for (const figure of document.querySelectorAll("[data-chart]")) {
  const drawing = figure.querySelector("svg");
  const said = figure.querySelector("[data-said-here]");
  const bars = [...drawing.querySelectorAll("rect")];
  let at = -1;

  const say = (index) => {
    if (bars[at]) bars[at].classList.remove("is-said");
    at = Math.max(-1, Math.min(bars.length - 1, index));
    if (bars[at]) bars[at].classList.add("is-said");
    said.textContent = bars[at] ? bars[at].dataset.said : "";
  };
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    say(Math.floor(((event.clientX - box.left) / box.width) * bars.length));
  });
  drawing.addEventListener("pointerleave", () => say(-1));
  drawing.addEventListener("blur", () => say(-1));
  drawing.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    say(at < 0 ? (step > 0 ? 0 : bars.length - 1) : Math.max(0, at + step));
  });
}
