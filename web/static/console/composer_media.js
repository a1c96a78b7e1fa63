// Pictures by choice, drop or paste: sent at once, and shown with their fields as the server renders them.
export function pictures(form, { changed, scripted }) {
  const list = form.querySelector("#pictures");
  const input = form.querySelector("#image");
  const place = form.querySelector("[data-drop]");
  const wrong = form.querySelector("#upload-wrong");

  const send = async (files) => {
    const chosen = [...files].filter((file) => file.type.startsWith("image/") || file.size);
    if (!chosen.length) return;
    say(form.dataset.sending);
    const problems = [];
    for (const file of chosen) {
      const body = new FormData();
      body.append("csrf", form.elements.csrf.value);
      body.append("image", file);
      const answer = await fetch(`${form.dataset.composer}/pictures`, { method: "POST", body }).catch(() => null);
      if (!answer || !answer.ok || answer.redirected) {
        problems.push(answer?.redirected ? form.dataset.signedOut : form.dataset.away);
        continue;
      }
      const found = await answer.json();
      problems.push(...found.problems);
      list.insertAdjacentHTML("beforeend", found.html);
    }
    input.value = "";
    say(problems.join(" "));
    scripted(list);
    changed();
  };
  const say = (sentence) => {
    wrong.textContent = sentence;
    wrong.hidden = !sentence;
  };

  input.addEventListener("change", () => send(input.files));
  form.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files ?? [];
    if (!files.length || event.clipboardData.getData("text/plain")) return; // Word brings a picture of its text too
    event.preventDefault();
    send(files);
  });
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      place.classList.toggle("over-it", name === "dragenter" || name === "dragover");
      if (name === "drop") send(event.dataTransfer.files);
    });
  }

  // The focal point: by click, by arrows, or by its two fields.
  const point = (item) => {
    const mark = item.querySelector("[data-point]");
    mark.hidden = false;
    mark.style.left = `${item.querySelector("[name=picture_x]").value}%`;
    mark.style.top = `${item.querySelector("[name=picture_y]").value}%`;
  };
  const set = (item, x, y) => {
    const percent = (value) => String(Math.round(Math.min(100, Math.max(0, value))));
    item.querySelector("[name=picture_x]").value = percent(x);
    item.querySelector("[name=picture_y]").value = percent(y);
    point(item);
    changed();
  };
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-focus]");
    if (!button || !event.detail) return; // a key pressed it: the arrows move the point
    const box = button.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    set(button.closest("[data-picture]"), x * 100, y * 100);
  });
  list.addEventListener("keydown", (event) => {
    const item = event.target.closest("[data-focus]")?.closest("[data-picture]");
    const step = { ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, -5], ArrowDown: [0, 5] }[event.key];
    if (!item || !step) return;
    event.preventDefault();
    const value = (name) => Number(item.querySelector(`[name=${name}]`).value);
    set(item, value("picture_x") + step[0], value("picture_y") + step[1]);
  });
  form.addEventListener("input", () => list.querySelectorAll("[data-picture]").forEach(point));
  list.querySelectorAll("[data-picture]").forEach(point);
}
