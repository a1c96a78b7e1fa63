// The badge maker's page: puts the form, the live view and what was made together. Without it, the form works plainly.

import { Made } from "./made.js";
import { Photo } from "./photo.js";
import { ask, overlay, Refusal } from "./server.js";
import { Stage } from "./stage.js";
import { initData, ready } from "./telegram.js";

const TYPED = 300; // milliseconds without a key, then the name is written
const form = document.querySelector("[data-maker]");
const page = form.parentElement;
const find = (what) => page.querySelector(what);
const says = JSON.parse(form.dataset.says);
const most = Number(form.dataset.mostZoom);
const canvas = find("[data-canvas]");
const input = find("#photo");
const camera = find("[data-camera]");
const zoom = find("[data-zoom]");
const make = find("[data-make]");
const label = make.textContent;
const windows = new Map(); // where the photo goes, for each frame and format that was looked at
let telling;

function tell(sentence) {
  clearTimeout(telling);
  telling = setTimeout(() => (find("[data-status]").textContent = sentence), 500); // not at every step of a key held down
}

const stage = new Stage(canvas, most, (crop, how) => {
  zoom.value = crop.zoom;
  const percent = (part) => Math.round(part * 100);
  zoom.setAttribute("aria-valuetext", `${percent(crop.zoom)} %`);
  if (how === "anew") queueMicrotask(refresh); // the frame or the format may be another one by now
  if (how !== "keys" && how !== "anew") return;
  const values = { zoom: percent(crop.zoom), x: percent(crop.x), y: percent(crop.y) };
  tell(says.placed.replace(/\{(\w+)\}/g, (_, name) => values[name]));
});

const chosen = (name) => form.querySelector(`[name=${name}]:checked`)?.value ?? "";
const typedName = () => form.elements.name.value.trim().replace(/\s+/g, " ");
const section = () => form.elements.section?.value ?? "";
const look = (format) => ({ frame: chosen("frame"), format, name: typedName(), section: section() });
const lookKey = ({ frame, format, name, section }) => [frame, format, Boolean(name), section].join(" ");

const maker = {
  address: new URL(form.action).pathname,
  slug: form.dataset.slug,
  initData,
  // All that a picture of that format needs; without one, only what was typed.
  async fields(format) {
    const fields = look(format ?? chosen("format"));
    if (format === null) return fields;
    const frame = windows.get(lookKey(fields)) ?? (await sketch(fields)).frame;
    const photo = await stage.photo.toSend(frame, stage.crop);
    const crop = stage.photo.picture ? stage.crop : {};
    return { ...fields, ...crop, photo, init_data: initData };
  },
};
const made = new Made(find("[data-made]"), maker, says);

function complain({ field, message }) {
  for (const wrong of form.querySelectorAll("[data-wrong]")) wrong.hidden = true;
  for (const marked of form.querySelectorAll("[aria-invalid]")) marked.removeAttribute("aria-invalid");
  if (field === undefined) return;
  const place = form.querySelector(`[data-wrong="${field}"]`) ?? find('[data-wrong="photo"]');
  place.textContent = message || says.offline;
  place.hidden = false;
  if (field === "name") form.elements.name.setAttribute("aria-invalid", "true");
}

// The overlay: one question at a time, the newest counts.
let asking = new AbortController();
let shown = ""; // the look that the stage has
async function sketch(fields, signal) {
  const drawn = await overlay(`${maker.address}/overlay`, fields, signal);
  windows.set(lookKey(fields), drawn.frame);
  return drawn;
}
async function refresh() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  canvas.setAttribute("aria-busy", "true");
  try {
    const fields = look(chosen("format"));
    const wanted = JSON.stringify(fields);
    if (wanted !== shown) {
      const drawn = await sketch(fields, signal);
      if (signal.aborted) return;
      stage.show(drawn.picture, drawn.frame);
      shown = wanted;
    }
    complain({});
    await begin(signal);
  } catch (error) {
    if (error instanceof Refusal) complain(error);
    else if (error.name !== "AbortError") throw error;
  } finally {
    if (!signal.aborted) canvas.removeAttribute("aria-busy");
  }
}

// A photo that no hand has moved yet begins where its faces show, for each frame and format; a hand has the last word.
async function begin(signal) {
  const { photo } = stage;
  const small = "findsFaces" in form.dataset && photo && !stage.touched && (await photo.small());
  if (!small) return;
  try {
    const answer = await ask(`${maker.address}/crop`, { ...look(chosen("format")), photo: small }, { signal });
    const crop = await answer.json();
    if (stage.photo === photo && !stage.touched) stage.begin(crop);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error; // its middle shows, and what is wrong is said when the badge is made
  }
}

// The photo: chosen, taken, dropped or pasted. A large one takes a moment to open; the last one counts.
let opening = Promise.resolve();
function take(file) {
  if (file) opening = opening.then(() => open(file));
}
async function open(file) {
  if (file.type && !file.type.startsWith("image/")) {
    complain({ field: "photo", message: says.not_a_photo });
    return;
  }
  complain({});
  const photo = await Photo.open(file);
  stage.put(photo);
  const begun = refresh();
  made.forget();
  zoom.value = 1;
  const seen = Boolean(photo.picture);
  find("[data-note]").textContent = seen ? "" : says.unseen;
  find("[data-ask]").hidden = true;
  find("[data-tools]").hidden = false;
  find("[data-tools]").classList.toggle("unseen", !seen);
  canvas.tabIndex = seen ? 0 : -1;
  canvas.setAttribute("role", seen ? "application" : "img");
  canvas.setAttribute("aria-label", seen ? says.stage : says.empty_stage);
  canvas.classList.toggle("movable", seen);
  if (seen) canvas.focus({ preventScroll: true });
  await begun;
}

function takesPhotos() {
  const drop = find("[data-stage]");
  for (const button of form.querySelectorAll("[data-choose]")) button.addEventListener("click", () => input.click());
  find("[data-take]").addEventListener("click", () => camera.click());
  find("[data-take]").hidden = !matchMedia("(pointer: coarse)").matches;
  for (const source of [input, camera]) source.addEventListener("change", () => take(source.files[0]));
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files[0]);
  });
  addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (file) take(file);
  });
  zoom.addEventListener("input", () => stage.zoomTo(Number(zoom.value)));
  find("[data-centre]").addEventListener("click", () => stage.centre());
}

function takesWords() {
  const { name } = form.elements;
  const count = find("[data-count]");
  let typing;
  const showCount = () => (count.textContent = `${[...name.value].length} / ${name.maxLength}`);
  name.addEventListener("input", () => {
    showCount();
    clearTimeout(typing);
    typing = setTimeout(refresh, TYPED);
  });
  showCount();
  form.addEventListener("change", (event) => {
    if (["frame", "format"].includes(event.target.name)) refresh();
  });
  form.elements.section?.addEventListener("change", takeSection);
}

// Each section may have frames of its own: they come with the page, whose other parts stay as they are.
async function takeSection() {
  const answer = await fetch(`${maker.address}?section=${section()}`);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-frames]");
  if (!fresh) return;
  const before = chosen("frame");
  find("[data-frames]").replaceChildren(...fresh.children);
  const same = form.querySelector(`[name=frame][value="${before}"]`);
  if (same) same.checked = true;
  refresh();
}

function show(isMade) {
  form.hidden = isMade;
  find(".badge-head").hidden = isMade;
  find("[data-made]").hidden = !isMade;
  (isMade ? find("#made-title") : canvas).focus({ preventScroll: true });
  scrollTo({ top: 0, behavior: "instant" });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (make.disabled) return;
  make.disabled = true;
  make.textContent = says.sending;
  try {
    await opening;
    if (!stage.photo) throw new Refusal("photo", says.photo_first);
    await made.make(chosen("format"));
    complain({});
    history.pushState({ made: true }, "");
    show(true);
    tell(says.made);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    complain(error);
    if (stage.photo) form.querySelector("[data-wrong]:not([hidden])").scrollIntoView({ block: "center" });
    else find("[data-choose]").focus();
  } finally {
    make.disabled = false;
    make.textContent = label;
  }
});
find("[data-change]").addEventListener("click", () => history.back());
addEventListener("popstate", (event) => show(Boolean(event.state?.made) && Boolean(stage.photo)));

input.required = false;
find("[data-plain]").hidden = true;
find("[data-stage]").hidden = false;
takesPhotos();
takesWords();
if ("app" in form.dataset) ready();
if (input.files.length) take(input.files[0]); // a browser may bring it back
refresh();
