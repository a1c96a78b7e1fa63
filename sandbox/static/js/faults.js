// Switch faults on and off, and see what came in.
import { ask, element } from "./api.js";

const $ = (id) => document.getElementById(id);
const form = $("fault");
const KINDS = {
  rate_limit: "429 : trop de requêtes", error_before: "500 : rien n’a été accepté", error_after: "500 : mais c’était accepté",
  timeout_after: "accepté, puis plus de réponse", cut_after: "accepté, puis connexion coupée", latency: "réponse lente",
  revoked: "401 : clé révoquée", blocked: "403 : refus", payment: "402 : crédit épuisé", migrated: "groupe devenu supergroupe",
  expired: "session expirée", processing: "image encore en traitement", html: "200 : une page HTML", garbage: "200 : du charabia",
  garbage_after: "accepté, puis du charabia",
};
const MAIL = { // what the same trouble is called by a mail server
  rate_limit: "451 : réessayez plus tard", error_before: "421 : service fermé", error_after: "451 : mais c’était accepté",
  revoked: "530 : identifiez-vous", blocked: "550 : boîte inconnue", payment: "552 : boîte pleine",
};
const NAMES = { telegram: "Telegram", x: "X", mastodon: "Mastodon", bluesky: "Bluesky", facebook: "Facebook", mail: "Courriel" };
const SOCIAL = ["mastodon", "bluesky"];
const ONLY = {
  payment: ["x", "mail"], migrated: ["telegram"], expired: ["bluesky"], processing: ["mastodon"],
  html: SOCIAL, garbage: SOCIAL, garbage_after: SOCIAL,
};

const nameKinds = (service) => (service === "mail" ? { ...KINDS, ...MAIL } : KINDS);

function choices() {
  const service = form.service.value;
  const kinds = Object.entries(nameKinds(service)).filter(([kind]) => !ONLY[kind] || ONLY[kind].includes(service));
  $("kind").replaceChildren(...kinds.map(([value, text]) => element("option", { value }, text)));
  $("operation").replaceChildren($(`operations-${service}`).content.cloneNode(true));
}

function line(fault) {
  const often = fault.count === null ? "jusqu’à l’arrêt" : `encore ${fault.count} fois`;
  const off = element("button", { type: "button", class: "quiet" }, "Arrêter");
  off.addEventListener("click", async () => show(await ask("DELETE", `/faults/${fault.id}`)));
  const words = element("span", {}, element("b", {}, nameKinds(fault.service)[fault.kind]),
    element("small", {}, `${NAMES[fault.service] || fault.service} · ${fault.operation} · ${often}`));
  return element("li", {}, words, off);
}

function show({ faults }) {
  const none = element("li", { class: "empty" }, "Tout va bien : aucune panne.");
  $("faults").replaceChildren(...(faults.length ? faults.map(line) : [none]));
}

form.service.addEventListener("change", choices);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  try {
    await ask("POST", "/faults", { ...given, count: given.count ? Number(given.count) : null, seconds: Number(given.seconds) });
    $("note").textContent = "La panne attend la prochaine requête.";
  } catch (error) {
    $("note").textContent = `Impossible : ${error.message}`;
  }
  show(await ask("GET", "/faults"));
});

async function rates(unlimited) {
  await ask("PUT", "/rates", { unlimited });
  $("note").textContent = unlimited ? "Les limites de débit sont levées." : "Les limites de débit sont celles des vrais services.";
}
$("limited").addEventListener("click", () => rates(false));
$("unlimited").addEventListener("click", () => rates(true));

const HIDDEN = ["getUpdates", "getMe"]; // they come all the time and say nothing
async function followRequests() {
  let seq = 0;
  let last = [];
  for (;;) {
    try {
      const { requests } = await ask("GET", `/requests?after=${seq}&timeout=25`);
      if (requests.length) seq = requests[requests.length - 1].seq;
      last = [...last, ...requests.filter((each) => !HIDDEN.includes(each.operation) || each.status !== 200)].slice(-10);
      if (last.length) {
        $("requests").replaceChildren(...[...last].reverse().map((each) => element("li", { class: each.status >= 200 && each.status < 300 ? "good" : "bad" },
          element("span", {}, element("b", {}, each.operation), element("small", {}, `${NAMES[each.service] || each.service}${each.target ? ` · ${each.target}` : ""}`)),
          element("code", {}, each.status || "coupé"))));
      }
      show(await ask("GET", "/faults"));
    } catch {
      await new Promise((done) => setTimeout(done, 2000));
    }
  }
}

choices();
ask("GET", "/faults").then(show);
followRequests();
