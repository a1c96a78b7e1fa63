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
