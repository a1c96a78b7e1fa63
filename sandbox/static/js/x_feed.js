// An account on X, Mastodon or Bluesky as its followers see it, newest post first.
import { base, dayOf, element, follow, timeOf } from "./api.js";
import { linked } from "./text.js";

const feed = document.getElementById("feed");

function picture(media) {
  const image = element("img", { src: `${base}/control/pictures/${media.sha256}`, alt: media.alt || "", ...(media.width ? { width: media.width, height: media.height } : {}) });
  if (!media.alt) return element("figure", {}, image, element("figcaption", { class: "alt missing" }, "sans ALT"));
  const words = element("details", { class: "alt" }, element("summary", {}, "ALT"), element("p", {}, media.alt));
  return element("figure", {}, image, words);
}

function card(tweet, found) {
  const at = new Date(tweet.at);
  const head = element("header", {},
    element("span", { class: "face tone1", "aria-hidden": "true" }, found.account.name.slice(0, 1)),
    element("div", {}, element("b", {}, found.account.name),
      element("small", {}, `@${found.account.username} · `, element("time", { datetime: tweet.at }, `${dayOf(at)}, ${timeOf(at)}`))));
  const parent = found.tweets.find((each) => each.id === tweet.reply_to);
  const made = element("article", { class: "tweet" }, head);
  if (parent) made.append(element("p", { class: "answers" }, `En réponse à « ${parent.text.slice(0, 60)}… »`));
  if (tweet.text) made.append(linked(tweet.text));
  if (tweet.media.length) made.append(element("div", { class: `pictures of${tweet.media.length}` }, ...tweet.media.map((id) => picture(found.media[id]))));
  return made;
}

follow(feed.dataset.feed, (found) => {
  const there = found.tweets.filter((tweet) => !tweet.deleted).reverse();
  feed.replaceChildren(...(there.length ? there.map((tweet) => card(tweet, found)) : [element("p", { class: "empty" }, "Rien n’a encore été publié ici.")]));
});
