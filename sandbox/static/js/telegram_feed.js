// A Telegram channel as its followers see it, newest message last, as in the application.
import { dayOf, element, follow } from "./api.js";
import { bubble, grouped } from "./message.js";

const feed = document.getElementById("feed");
const shown = new Map();
const nothing = () => {};
const actions = { say: null, tap: nothing, copy: (text) => navigator.clipboard.writeText(text) };

follow(`/chats/${encodeURIComponent(feed.dataset.bot)}/${feed.dataset.chat}`, (found) => {
  const wasAtEnd = window.innerHeight + window.scrollY > document.body.scrollHeight - 160;
  const nodes = [];
  let day = "";
  for (const group of grouped(found.messages)) {
    const date = dayOf(new Date(group.messages[0].date * 1000));
    if (date !== day) nodes.push(element("p", { class: "day" }, date));
    day = date;
    const known = shown.get(group.key);
    if (known && known.version === group.version) nodes.push(known.node);
    else {
      const node = bubble(group.messages, false, actions);
      shown.set(group.key, { version: group.version, node });
      nodes.push(node);
    }
  }
  if (!nodes.length) nodes.push(element("p", { class: "empty" }, "Rien n’a encore été publié ici."));
  feed.replaceChildren(...nodes);
  if (wasAtEnd) window.scrollTo(0, document.body.scrollHeight);
});
