// One message of a chat or a channel as a bubble; messages of one album share a bubble.
import { element, fileUrl, timeOf } from "./api.js";
import { formatted, link } from "./text.js";

function photo(message) {
  const sizes = message.photo;
  const shown = sizes.find((size) => Math.max(size.width, size.height) >= 700) || sizes[sizes.length - 1];
  const largest = sizes[sizes.length - 1];
  const image = element("img", {
    src: fileUrl(shown.file_id), width: shown.width, height: shown.height, alt: message.caption || "Photo",
  });
  return element("a", { class: "photo", href: fileUrl(largest.file_id), target: "_blank", rel: "noopener" }, image);
}

function bytes(size) {
  return size > 900_000 ? `${(size / 1_048_576).toFixed(1).replace(".", ",")} Mo` : `${Math.max(1, Math.round(size / 1024))} Ko`;
}

function file(message) {
  const { document: given } = message;
  const name = given.file_name || "fichier";
  const picture = given.thumbnail
    ? element("img", { src: fileUrl(given.thumbnail.file_id), alt: "", width: 64, height: 64 })
    : element("span", { class: "paper", "aria-hidden": "true" }, (name.split(".").pop() || "").slice(0, 4).toUpperCase());
  const words = element("span", {}, element("b", {}, name), element("small", {}, `${bytes(given.file_size || 0)} · télécharger`));
  return element("a", { class: "file", href: fileUrl(given.file_id), download: name }, picture, words);
}

function content(message, say) {
  if (message.photo) return photo(message);
  if (message.document) return file(message);
  if (message.sticker) return element("div", { class: "sticker", role: "img", "aria-label": "Autocollant" }, message.sticker.emoji);
  if (message.voice) return element("div", { class: "voice" }, `Message vocal · ${message.voice.duration} s`);
  if (message.location) return element("div", { class: "voice" }, `Position : ${message.location.latitude}, ${message.location.longitude}`);
  return formatted(message.text || "", message.entities, say);
}

function button(given, message, actions) {
  if (given.url) {
    const made = link(given.url, given.text);
    made.className = "key url";
    return made;
  }
  if (given.web_app) return element("a", { class: "key url", href: given.web_app.url, target: "_blank", rel: "noopener" }, given.text);
  const text = /^[➕➖]$/u.test(given.text) ? element("span", { class: "sign" }, given.text) : given.text;
  const made = element("button", { type: "button", class: given.copy_text ? "key copy" : "key" }, text);
  if (given.copy_text) made.addEventListener("click", () => actions.copy(given.copy_text.text));
  else if (given.callback_data) made.addEventListener("click", () => actions.tap(message.message_id, given.callback_data, made));
  else made.disabled = true;
  return made;
}

export function keyboard(message, actions) {
  const rows = message.reply_markup && message.reply_markup.inline_keyboard;
  if (!rows) return null;
  return element("div", { class: "keys" }, ...rows.map((row) => element("div", {}, ...row.map((each) => button(each, message, actions)))));
}

// `messages` is one message, or the items of an album in their order.
export function bubble(messages, mine, actions) {
  const last = messages[messages.length - 1];
  const captioned = messages.find((each) => each.caption);
  const kind = last.sticker ? "bare" : last.photo ? "pictured" : "";
  const body = element("div", { class: `bubble ${kind}` });
  if (last.forward_origin) {
    body.append(element("div", { class: "quoted" }, `Transféré de ${last.forward_origin.sender_user_name || "quelqu’un"}`));
  }
  if (last.reply_to_message) {
    const quoted = last.reply_to_message;
    body.append(element("div", { class: "quoted" }, quoted.text || quoted.caption || "Photo"));
  }
  if (messages.length > 1) body.append(element("div", { class: last.photo ? "album" : "files" }, ...messages.map((each) => content(each, actions.say))));
  else body.append(content(last, actions.say));
  if (captioned) body.append(formatted(captioned.caption, captioned.caption_entities, actions.say));
  const edited = last.edit_date ? "modifié " : "";
  body.append(element("time", { datetime: new Date(last.date * 1000).toISOString() }, edited + timeOf(new Date(last.date * 1000))));
  return element("article", { class: `message ${mine ? "mine" : ""} ${kind}` }, body, keyboard(last, actions));
}

// Messages grouped as they are shown: [key, version, messages].
export function grouped(messages) {
  const groups = [];
  for (const message of messages) {
    const before = groups[groups.length - 1];
    if (message.media_group_id && before && before.album === message.media_group_id) {
      before.messages.push(message);
      before.version = Math.max(before.version, message.version);
    } else groups.push({ key: message.message_id, album: message.media_group_id, version: message.version, messages: [message] });
  }
  return groups;
}
