// How many people the chosen territory, language and theme reach: the server counts, and says it in words.
for (const fields of document.querySelectorAll("[data-segment]")) {
  const shown = fields.querySelector("[data-count]");
  let asked = 0;

  const ask = async () => {
    const mine = ++asked;
    const chosen = new URLSearchParams();
    for (const field of fields.querySelectorAll("select")) if (field.value) chosen.set(field.name, field.value);
    const answer = await fetch(`${fields.dataset.segment}?${chosen}`).catch(() => null);
    if (!answer || !answer.ok || answer.redirected || mine !== asked) return;
    shown.textContent = (await answer.json()).told;
  };
  fields.addEventListener("change", ask);
  ask();
}
