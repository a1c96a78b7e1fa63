// Requests to the control API, and long polls that survive a restart of the server.
export const base = document.body.dataset.base;

export async function ask(method, path, body) {
  const options = { method };
  if (body instanceof FormData) options.body = body;
  else if (body) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  const answer = await fetch(`${base}/control${path}`, options);
  const found = await answer.json().catch(() => ({ error: `réponse ${answer.status}` }));
  if (!answer.ok) throw new Error(found.error);
  return found;
}

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

// Calls `show` with every newer state of what `path` gives, for ever.
export async function follow(path, show) {
  let version = 0;
  for (;;) {
    try {
      const found = await ask("GET", `${path}?after=${version}&timeout=25`);
      if (found.version !== version) show(found);
      // Nothing newer after a very short wait means that the server is stopping: do not ask in a tight loop.
      else await pause(0.2);
      version = found.version;
    } catch {
      await pause(2);
    }
  }
}

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const clock = new Intl.DateTimeFormat("fr-FR", { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat("fr-FR", { weekday: "long", day: "numeric", month: "long" });
export const timeOf = (date) => clock.format(date);
export const dayOf = (date) => calendar.format(date);
export const fileUrl = (fileId) => `${base}/control/files/${encodeURIComponent(fileId)}`;

const SHAPES = {
  reply: "M4 5h16v11H11l-5 4v-4H4z", repost: "M5 11V8h12M14 5l3 3-3 3M19 13v3H7M10 19l-3-3 3-3", heart: "M12 20C5 15 4 11.500 4 9a4 4 0 0 1 8-1 4 4 0 0 1 8 1c0 2.500-1 6-8 11z",
  star: "M12 4l2.500 5.300 5.800.700-4.300 4 1.200 5.800L12 17l-5.200 2.800L8 14 3.700 10l5.800-.700z", share: "M12 15V4M8 8l4-4 4 4M5 13v7h14v-7",
  thumb: "M4 11h4v9H4zM8 11l4-7c2 0 2 2 1.500 5H19l-1.500 11H8", link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
};
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  made.setAttribute("viewBox", "0 0 24 24");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", SHAPES[name]);
  made.append(path);
  return made;
}
