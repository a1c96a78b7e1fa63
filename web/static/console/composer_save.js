// Nothing typed is lost: the server keeps it, and this browser does while the server cannot.
const PAUSE = 1500; // milliseconds after the last key
const OPEN = 30_000; // how often the page says that a post is open
const KEPT_FOR = 7 * 24 * 3600 * 1000;
const PREFIX = "porte-voix-sketch:";

export function autosave(form, changed) {
  const key = PREFIX + form.dataset.key;
  const told = form.querySelector("#kept");
  let waiting = 0;

  const fields = () => {
    const found = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") found.append(name, value);
    return found;
  };
  const keepHere = () => {
    const kept = fields();
    kept.delete("csrf");
    localStorage.setItem(key, JSON.stringify({ at: Date.now(), fields: [...kept] }));
  };
  const post = async (body) => {
    const answer = await fetch(`${form.dataset.composer}/sketch`, { method: "POST", body }).catch(() => null);
    if (answer?.ok && !answer.redirected) return answer.json();
    told.textContent = answer?.redirected || answer?.status === 403 ? form.dataset.signedOut : form.dataset.away;
    return null;
  };
  const others = (found) => {
    const place = document.querySelector("#others");
    place.textContent = found.others;
    place.hidden = !found.others;
  };
  const now = async () => {
    clearTimeout(waiting);
    keepHere();
    const before = localStorage.getItem(key);
    const found = await post(fields());
    if (!found) return;
    form.elements.sketch.value = found.sketch;
    told.textContent = found.saved;
    others(found);
    if (localStorage.getItem(key) === before) localStorage.removeItem(key); // nothing was typed meanwhile
  };
  form.addEventListener("input", () => {
    keepHere();
    clearTimeout(waiting);
    waiting = setTimeout(now, PAUSE);
  });
  form.addEventListener("submit", () => {
    clearTimeout(waiting);
    keepHere();
    sessionStorage.setItem("porte-voix-sent", key); // the page behind a stored post clears it: console.js
  });

  for (const name of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
    if (Date.now() - JSON.parse(localStorage.getItem(name)).at > KEPT_FOR) localStorage.removeItem(name);
  }
  const kept = JSON.parse(localStorage.getItem(key) ?? "null");
  const answered = form.querySelector("[aria-invalid]") || document.querySelector(".conflict"); // the server gave it back
  if (kept && !answered) giveBack(form, kept.fields, changed);
  if (answered) localStorage.removeItem(key);
  document.querySelector("[data-forget]").addEventListener("click", () => {
    localStorage.removeItem(key);
    location.reload();
  });
  document.querySelector("[data-theirs]")?.addEventListener("click", () => localStorage.removeItem(key));

  if (form.elements.post) {
    const ping = async () => {
      const body = new URLSearchParams({ csrf: form.elements.csrf.value, post: form.elements.post.value, ping: "1" });
      const found = document.hidden ? null : await post(body);
      if (found) others(found);
    };
    ping();
    setInterval(ping, OPEN);
  }
  return { fields, now };
}

function giveBack(form, fields, changed) {
  const values = Map.groupBy ? Map.groupBy(fields, ([name]) => name) : grouped(fields);
  const add = form.querySelector("#add-wording");
  while (fields.some(([name]) => name === `wording.${form.querySelectorAll("[data-wording]").length + 1}`)) add.click();
  for (const field of form.elements) {
    if (!field.name || field.type === "hidden" || field.type === "file" || field.name.startsWith("picture")) continue;
    const mine = (values.get(field.name) ?? []).map(([, value]) => value);
    if (field.type === "checkbox" || field.type === "radio") field.checked = mine.includes(field.value);
    else if (mine.length) field.value = mine[0];
  }
  const sketch = values.get("sketch")?.[0][1];
  if (sketch) form.elements.sketch.value = sketch;
  document.querySelector("#restored").hidden = false;
  setTimeout(changed); // when all listeners are there
}

function grouped(fields) {
  const found = new Map();
  for (const each of fields) found.set(each[0], [...(found.get(each[0]) ?? []), each]);
  return found;
}
