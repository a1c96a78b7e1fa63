// What the page asks of the server. A refusal is one sentence beside one field.

const TRIES = 3;
const LONGEST_WAIT = 10; // seconds; the server says how long, while many people are there

export class Refusal extends Error {
  constructor(field, sentence) {
    super(sentence);
    this.field = field;
  }
}

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// `again`: what is asked for may be asked for twice. Then a process that ends under it is no refusal: a proxy says so by a
// 502, and another process answers, or the same one when it is back.
export async function ask(address, fields, { again = false, ...options } = {}) {
  const soon = again ? [502, 503, 504] : [503];
  for (let left = TRIES - 1; ; left--) {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    let answer;
    try {
      answer = await fetch(address, { method: "POST", body, ...options });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refusal("", "");
    }
    if (answer.ok) return answer;
    if (soon.includes(answer.status) && left > 0) {
      await pause(Math.min(LONGEST_WAIT, Number(answer.headers.get("Retry-After")) || 2));
      continue;
    }
    const said = await answer.json().catch(() => ({}));
    throw new Refusal(said.field ?? "", said.sentence ?? "");
  }
}

// The frame with the name, and where the photo goes: {picture, frame}.
export async function overlay(address, fields, signal) {
  const answer = await ask(address, fields, { signal, again: true });
  const [left, top, width, height] = answer.headers.get("Photo-Window").split(" ").map(Number);
  return { picture: await createImageBitmap(await answer.blob()), frame: { left, top, width, height } };
}
