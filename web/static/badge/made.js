// The badge that was made: looked at, saved in each format and kind, shared, sent to the chat, put on the wall.

import { ask, Refusal } from "./server.js";

const ENDINGS = { JPEG: "jpg", PNG: "png", WEBP: "webp" };
const FOR_WALL = { format: "profile", kind: "JPEG" };

export class Made {
  #at;
  #maker;
  #says;
  #pictures = new Map();
  #receipt = "";
  #reported = false;
  #shownAt = "";

  constructor(section, maker, says) {
    this.#at = section;
    this.#maker = maker; // gives `address`, `fields(format)` and `initData`
    this.#says = says;
    for (const button of section.querySelectorAll("[data-save]")) {
      button.addEventListener("click", () => this.#busy(button, () => this.#save(button.dataset.save)));
    }
    this.#on("[data-send]", (button) => this.#busy(button, () => this.#send()));
    this.#on("[data-share]", (button) => this.#busy(button, () => this.#share()));
    section.querySelector("[data-made-formats]").addEventListener("change", () => {
      this.#busy(section.querySelector("[data-save=JPEG]"), () => this.#show());
    });
    section.querySelector("[data-wall]").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#busy(event.submitter, () => this.#putUp(event.target), "[data-wall-wrong]");
    });
  }

  // A new photo is a new badge; the same one in another dress is not.
  forget() {
    this.#receipt = "";
    this.#reported = false;
  }

  // Render and show; throws a Refusal.
  async make(format) {
    this.#pictures.clear();
    this.#at.querySelector(`[name=made-format][value="${format}"]`).checked = true;
    await this.#picture(format, "JPEG");
    await this.#show();
    const form = this.#at.querySelector("[data-wall]");
    form.hidden = false;
    this.#at.querySelector("[data-wall-done]").hidden = true;
    this.#at.querySelector("[data-not-kept]").hidden = false;
    const { name = "", section = "" } = await this.#maker.fields(null);
    form.elements.first_name.value = name.split(" ")[0].slice(0, form.elements.first_name.maxLength);
    if (form.elements.section) form.elements.section.value = section;
  }

  get #format() {
    return this.#at.querySelector("[name=made-format]:checked").value;
  }

  #on(what, act) {
    const button = this.#at.querySelector(what);
    if (button) button.addEventListener("click", () => act(button));
  }

  async #picture(format, kind) {
    const key = `${format} ${kind}`;
    if (!this.#pictures.has(key)) {
      const fields = { ...(await this.#maker.fields(format)), format, kind, receipt: this.#receipt };
      const answer = await ask(`${this.#maker.address}/picture`, fields, { again: true });
      const receipt = answer.headers.get("Badge-Receipt");
      if (key === `${FOR_WALL.format} ${FOR_WALL.kind}`) this.#pictures.set("receipt of the square", receipt);
      this.#receipt = receipt;
      this.#pictures.set(key, await answer.blob());
    }
    return this.#pictures.get(key);
  }

  #file(blob, format, kind) {
    const name = `badge-${this.#maker.slug}-${format}.${ENDINGS[kind]}`;
    return new File([blob], name, { type: blob.type });
  }

  async #show() {
    const format = this.#format;
    const blob = await this.#picture(format, "JPEG");
    if (format !== this.#format) return; // another one was asked for meanwhile
    const picture = this.#at.querySelector("[data-badge]");
    if (this.#shownAt) URL.revokeObjectURL(this.#shownAt);
    picture.src = this.#shownAt = URL.createObjectURL(blob);
    await picture.decode().catch(() => {});
    picture.width = picture.naturalWidth;
    picture.height = picture.naturalHeight;
    const share = this.#at.querySelector("[data-share]");
    share.hidden = !navigator.canShare?.({ files: [this.#file(blob, format, "JPEG")] });
  }

  async #save(kind) {
    const format = this.#format;
    const file = this.#file(await this.#picture(format, kind), format, kind);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it later
    this.#report();
    return this.#says.saved;
  }

  // The picture is there already: the window for sharing opens only upon a tap.
  async #share() {
    const { shareText, shareLink } = this.#at.querySelector("[data-share-link]").dataset;
    const file = this.#file(this.#pictures.get(`${this.#format} JPEG`), this.#format, "JPEG");
    try {
      await navigator.share({ files: [file], text: `${shareText}\n\n${shareLink}` });
    } catch (error) {
      if (error.name === "AbortError") return ""; // closed by the person
      throw new Refusal("", "");
    }
    this.#report();
    return "";
  }

  async #send() {
    const fields = { ...(await this.#maker.fields(this.#format)), format: this.#format, kind: "PNG" };
    await ask(`${this.#maker.address}/app/send`, { ...fields, receipt: this.#receipt });
    this.#reported = true;
    return this.#says.sent;
  }

  async #putUp(form) {
    const { format, kind } = FOR_WALL;
    const picture = this.#file(await this.#picture(format, kind), format, kind);
    const fields = Object.fromEntries(new FormData(form));
    fields.receipt = this.#pictures.get("receipt of the square");
    fields.init_data = this.#maker.initData;
    const options = { headers: { Accept: "application/json" } };
    const { address } = await (await ask(form.action, { ...fields, picture }, options)).json();
    const done = this.#at.querySelector("[data-wall-done]");
    const link = done.querySelector("[data-wall-address]");
    link.href = link.textContent = address;
    form.hidden = true;
    this.#at.querySelector("[data-not-kept]").hidden = true; // the wall keeps this one
    done.hidden = false;
    done.focus();
    return "";
  }

  #report() {
    if (this.#reported) return;
    this.#reported = true;
    navigator.sendBeacon("/badge-downloaded", new URLSearchParams({ receipt: this.#receipt }));
  }

  async #busy(button, act, place = "[data-made-wrong]") {
    const note = this.#at.querySelector("[data-made-note]");
    const wrong = this.#at.querySelector(place);
    wrong.hidden = true;
    note.textContent = this.#says.sending;
    button.disabled = true;
    try {
      note.textContent = (await act()) ?? "";
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      note.textContent = "";
      wrong.textContent = error.message || this.#says.offline;
      wrong.hidden = false;
    } finally {
      button.disabled = false;
    }
  }
}
