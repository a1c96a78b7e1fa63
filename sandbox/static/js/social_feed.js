// An account on X, Mastodon, Bluesky or Facebook as its followers see it: newest first, a thread in its own order.
import { base, dayOf, element, follow, icon, timeOf } from "./api.js";
import { faceted, link, linked } from "./text.js";

const feed = document.getElementById("feed");
const { service, handle } = feed.dataset;
const ACTS = {
  x: ["reply", "repost", "heart", "share"], mastodon: ["reply", "repost", "star", "share"], bluesky: ["reply", "repost", "heart", "share"],
  facebook: [["thumb", "J’aime"], ["reply", "Commenter"], ["share", "Partager"]],
};

function picture(media) {
  const image = element("img", { src: `${base}/control/pictures/${media.sha256}`, alt: media.alt || "" });
  if (!media.alt) return element("figure", {}, image, element("figcaption", { class: "alt missing" }, "sans ALT"));
  const words = element("details", { class: "alt" }, element("summary", {}, "ALT"), element("p", {}, media.alt));
  return element("figure", {}, image, words);
}

function preview({ url, title }) {
  const site = new URL(url).hostname.replace(/^www\./, "");
  const made = link(url, element("span", { class: "preview-art", "aria-hidden": "true" }, icon("link")),
    element("span", { class: "preview-words" }, element("small", {}, site), element("b", {}, title || url.replace(/^https?:\/\//, ""))));
  made.className = "preview";
  return made;
}

function acts() {
  const made = element("div", { class: "acts", "aria-hidden": "true" });
  for (const each of ACTS[service]) made.append(element("span", {}, icon([].concat(each)[0]), [].concat(each)[1] || ""));
  return made;
}

function article(post, found, place) {
  const at = new Date(post.at);
  const when = element("time", { datetime: post.at }, `${dayOf(at)}, ${timeOf(at)}`);
  const face = element("span", { class: "face", "aria-hidden": "true" }, found.account.name.slice(0, 1));
  const who = service === "facebook"
    ? element("header", {}, element("b", {}, found.account.name), element("small", {}, when, " · Public"))
    : element("header", {}, element("b", {}, found.account.name), element("small", {}, `${handle} · `, when));
  const body = element("div", { class: "post-body" }, who);
  if (post.text) body.append(post.facets ? faceted(post.text, post.facets) : linked(post.text));
  if (post.media.length) body.append(element("div", { class: `pictures of${post.media.length}` }, ...post.media.map((id) => picture(found.media[id]))));
  if (post.card) body.append(preview(post.card));
  body.append(acts());
  return element("article", { class: `post ${place}` }, face, body);
}

// Posts by the first of their thread; a reply to somebody who is not there stands alone.
function threads(posts) {
  const first = new Map();
  const groups = new Map();
  for (const post of posts) {
    const head = first.get(post.reply_to) || post.id;
    first.set(post.id, head);
    groups.set(head, [...(groups.get(head) || []), post]);
  }
  return [...groups.values()].reverse();
}

follow(feed.dataset.feed, (found) => {
  const groups = threads(found.posts.filter((post) => !post.deleted));
  const made = groups.map((posts) => element("div", { class: posts.length > 1 ? "thread-posts" : "lone" },
    ...posts.map((post, i) => article(post, found, i < posts.length - 1 ? "goes-on" : ""))));
  feed.replaceChildren(...(made.length ? made : [element("p", { class: "empty" }, "Rien n’a encore été publié ici.")]));
});
