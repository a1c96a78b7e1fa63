// Text with Telegram's entities as DOM nodes. Offsets count UTF-16 units, as JavaScript's strings do.
import { base, element } from "./api.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};
let bots = [];
export const setBots = (names) => { bots = names.map((name) => name.toLowerCase()); };

// A link to one of the bots here opens its stand-in; everything else stays as it is.
export function localised(url) {
  const link = /^https?:\/\/(?:t\.me|telegram\.me)\/(\w+)\/?(\?.*)?$/i.exec(url);
  if (link && bots.includes(link[1].toLowerCase())) return `${base}/telegram/t.me/${link[1]}${link[2] || ""}`;
  return url;
}

export function link(url, ...children) {
  const safe = /^(https?:|mailto:|tg:)/i.test(url) ? url : `http://${url}`;
  return element("a", { href: localised(safe), target: "_blank", rel: "noopener" }, ...children);
}

function wrap(entity, inner, children, say) {
  if (entity.type === "text_link") return link(entity.url, ...children);
  if (entity.type === "url") return link(inner, ...children);
  if (entity.type === "email") return link(`mailto:${inner}`, ...children);
  if (entity.type === "bot_command" && say) {
    const button = element("button", { type: "button", class: "command" }, ...children);
    button.addEventListener("click", () => say(inner));
    return button;
  }
  if (entity.type === "spoiler") {
    const spoiler = element("span", { class: "spoiler", tabindex: 0, role: "button" }, ...children);
    spoiler.addEventListener("click", () => spoiler.classList.add("open"));
    return spoiler;
  }
  if (entity.type === "hashtag" || entity.type === "mention" || entity.type === "bot_command") {
    return element("span", { class: "tag" }, ...children);
  }
  return element(TAGS[entity.type] || "span", {}, ...children);
}

function build(text, start, end, entities, say) {
  const out = [];
  let at = start;
  for (let i = 0; i < entities.length; i += 1) {
    const entity = entities[i];
    const stop = Math.min(entity.offset + entity.length, end);
    if (entity.offset < at) continue; // it was built inside the one before
    if (entity.offset > at) out.push(text.slice(at, entity.offset));
    const inside = entities.slice(i + 1).filter((each) => each.offset >= entity.offset && each.offset < stop);
    const children = build(text, entity.offset, stop, inside, say);
    out.push(wrap(entity, text.slice(entity.offset, stop), children, say));
    at = stop;
  }
  if (at < end) out.push(text.slice(at, end));
  return out;
}

export function formatted(text, entities = [], say = null) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return element("div", { class: "text" }, ...build(text, 0, text.length, sorted, say));
}

// X, Mastodon and Facebook find links, hashtags and mentions by themselves; their text has no other formatting.
export function linked(text) {
  const out = element("div", { class: "text" });
  const pattern = /(https?:\/\/[^\s<>«»"]*[^\s<>«»".,;:!?)\]’…])|([#@][\p{L}\p{N}_]+)/gu;
  let at = 0;
  for (const found of text.matchAll(pattern)) {
    out.append(text.slice(at, found.index));
    out.append(found[1] ? link(found[1], found[1].replace(/^https?:\/\//, "")) : element("span", { class: "tag" }, found[2]));
    at = found.index + found[0].length;
  }
  out.append(text.slice(at));
  return out;
}

// Bluesky shows as links what the program marked, by ranges of UTF-8 bytes, and nothing else.
export function faceted(text, facets) {
  const bytes = new TextEncoder().encode(text);
  const piece = (start, end) => new TextDecoder().decode(bytes.slice(start, end));
  const out = element("div", { class: "text" });
  let at = 0;
  for (const facet of facets) {
    if (facet.start < at) continue;
    const said = piece(facet.start, facet.end);
    out.append(piece(at, facet.start), facet.kind === "link" ? link(facet.uri, said.replace(/^https?:\/\//, "")) : element("span", { class: "tag" }, said));
    at = facet.end;
  }
  out.append(piece(at));
  return out;
}
