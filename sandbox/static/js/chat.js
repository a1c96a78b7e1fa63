// The chat page: one person, one bot.
import { ask, base, dayOf, element, follow } from "./api.js";
import { bubble, grouped } from "./message.js";
import { localised, setBots } from "./text.js";

const $ = (id) => document.getElementById(id);
const chat = $("chat");
const { bot, person } = chat.dataset;
const here = `/chats/${encodeURIComponent(bot)}/${person}`;
const shown = new Map(); // key of a message or album -> { version, node }
let payload = chat.dataset.payload;
let blocked = false;
let typing = null;
let sending = false;
let atEnd = true; // whether the newest message is to stay in sight
let newest = 0;
let description = "";
const FORWARDED = "Le train de 7 h 12 est encore supprimé, on était quarante sur le quai. À quand un train par heure ?";
setBots(chat.dataset.bots.split(" "));

// --- messages for the person at the screen

let toastEnd = null;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toastEnd);
  toastEnd = setTimeout(() => { $("toast").hidden = true; }, 3500);
}

function alertBox(text) {
  $("alert").querySelector("p").textContent = text;
  $("alert").showModal();
}

async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    toast(`Impossible : ${error.message}`);
    return null;
  }
}

// --- what a person does

const say = (text) => attempt(() => ask("POST", `${here}/say`, { text }));

async function tap(messageId, data, button) {
  button.classList.add("pending");
  await attempt(async () => {
    const made = await ask("POST", `${here}/tap`, { message_id: messageId, data });
    const { answer } = await ask("GET", `/callbacks/${made.id}?timeout=20`);
    if (answer && answer.url) window.open(localised(answer.url), "_blank", "noopener");
    if (answer && answer.text) (answer.show_alert ? alertBox : toast)(answer.text);
    if (!answer) toast("Le bot n’a pas répondu à ce bouton.");
  });
  button.classList.remove("pending");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https a browser may refuse its clipboard; the old way still works.
    const box = element("textarea", { class: "visually-hidden" });
    box.value = text;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  toast("Texte copié.");
}

const actions = { say, tap, copy };

async function sendFile(blob, name, how) {
  const form = new FormData();
  form.append("file", blob, name);
  await attempt(() => ask("POST", `${here}/${how}`, form));
}

async function sendAlbum(files) {
  const form = new FormData();
  for (const file of files) form.append("file", file, file.name);
  await attempt(() => ask("POST", `${here}/album`, form));
}

// --- what is on the screen

function drawThread(messages) {
  const thread = $("thread");
  const nodes = [];
  const kept = new Set();
  let day = "";
  for (const group of grouped(messages)) {
    const date = dayOf(new Date(group.messages[0].date * 1000));
    if (date !== day) nodes.push(element("p", { class: "day" }, date));
    day = date;
    let known = shown.get(group.key);
    if (!known || known.version !== group.version) {
      const mine = group.messages[0].from && String(group.messages[0].from.id) === person;
      known = { version: group.version, node: bubble(group.messages, mine, actions) };
      shown.set(group.key, known);
    }
    kept.add(group.key);
    nodes.push(known.node);
  }
  for (const key of [...shown.keys()]) if (!kept.has(key)) shown.delete(key);
  const last = messages[messages.length - 1];
  const mineIsNew = last && last.message_id > newest && last.from && String(last.from.id) === person;
  newest = last ? last.message_id : 0;
  const stay = atEnd || mineIsNew;
  thread.replaceChildren(...(nodes.length ? nodes : [welcome()]));
  if (stay) toEnd();
}

function welcome() {
  const name = document.querySelector(".who b").textContent;
  return element("div", { class: "welcome" }, element("span", { class: "face", "aria-hidden": "true" }, name.slice(0, 1)),
    element("b", {}, name), element("p", {}, description || "Touchez DÉMARRER pour parler à ce bot."));
}

function toEnd() {
  $("thread").scrollTop = $("thread").scrollHeight;
  atEnd = true;
}
$("thread").addEventListener("scroll", () => {
  const { scrollHeight, scrollTop, clientHeight } = $("thread");
  atEnd = scrollHeight - scrollTop - clientHeight < 60;
});
new ResizeObserver(() => { if (atEnd) toEnd(); }).observe($("thread"));

function drawCommands(commands) {
  $("slash").hidden = !commands.length;
  $("commands").replaceChildren(...commands.map((each) => {
    const button = element("button", { type: "button" }, `/${each.command}`, element("small", {}, each.description));
    button.addEventListener("click", () => { closeMenus(); say(`/${each.command}`); });
    return button;
  }));
}

function drawReplyKeyboard(markup) {
  const rows = (markup && markup.keyboard) || [];
  $("reply-keyboard").hidden = !rows.length;
  $("reply-keyboard").replaceChildren(...rows.map((row) => element("div", {}, ...row.map((each) => {
    const text = typeof each === "string" ? each : each.text;
    const button = element("button", { type: "button", class: "key" }, text);
    button.addEventListener("click", () => say(text));
    return button;
  }))));
}

function drawState(found) {
  blocked = found.blocked;
  const fresh = !found.started || blocked || payload !== undefined;
  $("start-bar").hidden = !fresh;
  $("composer").hidden = !found.started || blocked;
  $("start").textContent = blocked ? "DÉBLOQUER ET REDÉMARRER" : "DÉMARRER";
  $("start-hint").textContent = payload ? "Vous arrivez par un lien d’invitation." : blocked ? "Vous avez bloqué ce bot." : "";
  $("block").hidden = !found.started || blocked;
  $("status").textContent = found.action ? "écrit…" : "bot";
  clearTimeout(typing);
  typing = setTimeout(() => { $("status").textContent = "bot"; }, 5000);
}

function draw(found) {
  description = found.description;
  drawState(found);
  drawCommands(found.commands);
  drawReplyKeyboard(found.reply_keyboard);
  drawThread(found.messages);
}

// --- controls

const menus = { attach: "attach-menu", slash: "commands" };
function closeMenus() {
  for (const [opener, menu] of Object.entries(menus)) {
    $(menu).hidden = true;
    $(opener).setAttribute("aria-expanded", "false");
  }
}
for (const [opener, menu] of Object.entries(menus)) {
  $(opener).addEventListener("click", (event) => {
    const opens = $(menu).hidden;
    closeMenus();
    $(menu).hidden = !opens;
    $(opener).setAttribute("aria-expanded", String(opens));
    event.stopPropagation();
  });
}
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeMenus(); });

$("start").addEventListener("click", () => attempt(async () => {
  await ask("POST", `${here}/start`, { payload: payload || "" });
  payload = undefined;
  $("start-bar").hidden = true;
  history.replaceState(null, "", `${base}/chat?person=${person}&bot=${encodeURIComponent(bot)}`);
}));

$("block").addEventListener("click", () => attempt(() => ask("POST", `${here}/block`)));

$("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text || sending) return;
  sending = true;
  if (await say(text)) $("text").value = "";
  sending = false;
  $("text").style.height = "";
});
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("composer").requestSubmit();
  }
});
$("text").addEventListener("input", () => {
  $("text").style.height = "auto";
  $("text").style.height = `${Math.min($("text").scrollHeight, 160)}px`;
});

let attachAs = "photo";
for (const choice of document.querySelectorAll("[data-attach]")) {
  choice.addEventListener("click", async () => {
    if (choice.dataset.attach === "portrait") {
      const answer = await fetch(`${base}/material/portrait.jpg`);
      await sendFile(await answer.blob(), "portrait.jpg", "photo");
      return;
    }
    if (choice.dataset.attach === "forward") {
      await attempt(() => ask("POST", `${here}/say`, { text: FORWARDED, forwarded_from: "Une voisine" }));
      return;
    }
    attachAs = choice.dataset.attach;
    $("file").multiple = attachAs === "photo";
    $("file").accept = attachAs === "photo" ? "image/*" : "";
    $("file").click();
  });
}
$("file").addEventListener("change", async () => {
  const given = [...$("file").files];
  if (given.length > 1) await sendAlbum(given);
  else if (given.length) await sendFile(given[0], given[0].name, attachAs);
  $("file").value = "";
});

$("switch-person").addEventListener("change", (event) => {
  if (event.target.value === "new") {
    document.body.classList.add("show-people");
    document.querySelector(".new-person").open = true;
    document.querySelector(".new-person input").focus();
    event.target.value = person;
  } else location.href = `${base}/chat?person=${event.target.value}&bot=${encodeURIComponent(bot)}`;
});

$("new-person").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    const made = await ask("POST", "/people", Object.fromEntries(new FormData(event.target)));
    const start = payload === undefined ? "" : `&start=${encodeURIComponent(payload)}`;
    location.href = `${base}/chat?person=${made.id}&bot=${encodeURIComponent(bot)}${start}`;
  });
});

follow(here, draw);
