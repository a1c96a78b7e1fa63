// The mailboxes of those who relay: who got what, as their mail program shows it.
import { ask, base, dayOf, element, timeOf } from "./api.js";

const boxes = document.getElementById("mailboxes");
const letters = document.getElementById("letters");
const shown = new Map(); // seq -> node, so that an open message stays as it was
let mails = [];
let chosen = decodeURIComponent(window.location.hash.slice(1));

const header = (mail, name) => (mail.headers.find(([each]) => each.toLowerCase() === name) || [])[1] || "";
const nameOf = (mail) => header(mail, "to").replace(/<[^>]*>/, "").replace(/"/g, "").trim() || mail.channel;

// What the button of a mail program does: one POST, without cookie or token (RFC 8058).
function unsubscribe(mail) {
  const link = /<(https?:\/\/[^>]+)>/.exec(header(mail, "list-unsubscribe"));
  if (!link || !header(mail, "list-unsubscribe-post")) return null;
  return element("form", { method: "post", action: link[1], target: "_blank" },
    element("input", { type: "hidden", name: "List-Unsubscribe", value: "One-Click" }),
    element("button", { class: "quiet" }, "Se désabonner"));
}

function page(mail) {
  const frame = element("iframe", {
    title: `Le message « ${mail.title} »`, src: `${base}/feeds/mail/${mail.seq}/html`, loading: "lazy",
    sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox", // no scripts: the mail is only looked at
  });
  frame.addEventListener("load", () => { frame.height = frame.contentDocument.documentElement.scrollHeight + 8; });
  return frame;
}

function headers(mail) {
  const rows = mail.headers.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return element("dl", { class: "mail-headers" }, ...rows);
}

function letter(mail, open) {
  const at = new Date(mail.at);
  const parts = { page: ["Message", page(mail)], text: ["Texte brut", element("pre", { class: "mail-text" }, mail.text)], headers: ["En-têtes", headers(mail)] };
  const tabs = element("div", { class: "mail-tabs", role: "group", "aria-label": "Affichage" });
  const show = (wanted) => {
    for (const [name, [, node]] of Object.entries(parts)) node.hidden = name !== wanted;
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.dataset.part === wanted));
  };
  for (const [name, [label]] of Object.entries(parts)) {
    const tab = element("button", { type: "button", "data-part": name }, label);
    tab.addEventListener("click", () => show(name));
    tabs.append(tab);
  }
  show("page");
  return element("details", { class: "letter", open },
    element("summary", {}, element("b", {}, mail.title), element("small", {}, `${header(mail, "from")} · ${dayOf(at)}, ${timeOf(at)}`)),
    element("div", { class: "letter-bar" }, tabs, unsubscribe(mail)),
    ...Object.values(parts).map(([, node]) => node));
}

function draw() {
  const by = new Map();
  for (const mail of mails) by.set(mail.channel, [...(by.get(mail.channel) || []), mail]);
  if (!by.has(chosen)) chosen = [...by.keys()][0] || "";
  boxes.replaceChildren(...[...by].map(([address, mine]) => element("li", {},
    element("a", { href: `#${encodeURIComponent(address)}`, "aria-current": address === chosen && "page" },
      element("span", {}, element("b", {}, nameOf(mine[0])), element("small", {}, address)),
      element("span", { class: "count" }, String(mine.length))))));
  const mine = (by.get(chosen) || []).toReversed();
  mine.forEach((mail, i) => { if (!shown.has(mail.seq)) shown.set(mail.seq, letter(mail, i === 0)); });
  letters.replaceChildren(...mine.map((mail) => shown.get(mail.seq)));
}

window.addEventListener("hashchange", () => { chosen = decodeURIComponent(window.location.hash.slice(1)); draw(); });
for (let seq = 0; ;) {
  try {
    const { entries } = await ask("GET", `/ledger?service=mail&after=${seq}&timeout=25`);
    if (entries.length) {
      mails = [...mails, ...entries];
      seq = entries[entries.length - 1].seq;
      draw();
    } else await new Promise((done) => setTimeout(done, 200)); // the server may be stopping
  } catch {
    await new Promise((done) => setTimeout(done, 2000));
  }
}
