// The server sends the board's inside at each change; what rose is marked for a moment.
const board = document.querySelector("[data-board]");
const lamp = document.querySelector("[data-lamp]");
const connected = document.querySelector("[data-connected]");
const SHOWN = 1200; // milliseconds

const say = (on) => {
  lamp.classList.toggle("is-on", on);
  const words = on ? connected.dataset.on : connected.dataset.off;
  if (connected.textContent !== words) connected.textContent = words;
};
const figures = () => new Map([...board.querySelectorAll("[data-figure]")].map((each) => [each.dataset.figure, each.textContent]));

const source = new EventSource(board.dataset.board);
source.addEventListener("open", () => say(true));
source.addEventListener("error", () => say(false));
source.addEventListener("board", (event) => {
  say(true);
  const before = figures();
  board.innerHTML = JSON.parse(event.data); // rendered by the server, as the page itself
  for (const each of board.querySelectorAll("[data-figure]")) {
    if (before.get(each.dataset.figure) === each.textContent) continue;
    each.classList.add("is-new");
    setTimeout(() => each.classList.remove("is-new"), SHOWN);
  }
});
addEventListener("pagehide", () => source.close());
