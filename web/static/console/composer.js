// The composer's page: tabs, pictures, wordings, what follows the form, and autosave. Every rule is the server's.
import { tabs } from "./composer_tabs.js";
import { pictures } from "./composer_media.js";
import { autosave } from "./composer_save.js";

const form = document.querySelector("[data-composer]");
if (form) {
  for (const plain of document.querySelectorAll("[data-plain]")) plain.hidden = true;
  const scripted = (root) => {
    for (const each of root.querySelectorAll("[data-scripted], [data-move], [data-remove], #add-wording")) each.hidden = false;
    for (const each of root.querySelectorAll("[data-plain]")) each.hidden = true;
  };
  scripted(form);
  const changed = () => form.dispatchEvent(new Event("input", { bubbles: true }));
  const saving = autosave(form, changed);
  pictures(form, { changed, scripted });
  const show = tabs(form);

  // A list whose items move and go: pictures and wordings.
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move], [data-remove]");
    const item = button?.closest("[data-picture], [data-wording]");
    if (!item) return;
    if (button.dataset.move === "-1") item.previousElementSibling?.before(item);
    else if (button.dataset.move === "1") item.nextElementSibling?.after(item);
    else {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      (next?.querySelector("textarea") ?? document.querySelector("#add-wording")).focus();
    }
    if (item.isConnected) button.focus();
    numbered();
    changed();
  });
  const wordings = form.querySelector("#wordings");
  const adding = form.querySelector("#add-wording");
  const numbered = () =>
    [...wordings.children].forEach((item, index) => {
      const field = item.querySelector("textarea");
      field.name = `wording.${index + 1}`;
      field.id = `wording-${index + 1}`;
      const label = item.querySelector("label");
      label.htmlFor = field.id;
      label.textContent = adding.dataset.label.replace("0", index + 1);
    });
  const blank = wordings.firstElementChild.cloneNode(true);
  blank.querySelector("textarea").value = "";
  adding.addEventListener("click", () => {
    const item = blank.cloneNode(true);
    wordings.append(item);
    numbered();
    item.querySelector("textarea").focus();
  });

  // Lengths, previews, cost and silence, some time after the last key.
  let waiting = 0;
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    const answer = await fetch(`${form.dataset.composer}/check`, { method: "POST", body: saving.fields() }).catch(() => null);
    if (!answer || !answer.ok || answer.redirected || mine !== asked) return;
    const found = await answer.json();
    for (const [network, { length, limit, over }] of Object.entries(found.counts)) {
      const place = form.querySelector(`[data-length="${network}"]`);
      place.textContent = `${length} / ${limit}`;
      place.closest(".length").classList.toggle("over", over);
      form.querySelector(`[data-preview="${network}"]`).innerHTML = found.previews[network]; // rendered by the server
      form.querySelector(`[data-own="${network}"]`).hidden = !form.querySelector(`#text-${network}`).value.trim();
    }
    form.querySelector("#outlook").innerHTML = found.outlook;
    form.querySelector("#reached").textContent = found.reached;
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  });
  form.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    if (event.key === "Enter") form.requestSubmit(form.querySelector("[data-schedule]"));
    else if (event.key === "s") saving.now();
    else return;
    event.preventDefault();
  });
  const wrong = form.querySelector(".is-invalid, [aria-invalid]");
  if (wrong) {
    show(wrong);
    wrong.focus();
  }
}
