// While the first post is on its way, look again every two seconds.

const outcome = () => document.querySelector("#outcome");

async function look() {
  const answer = await fetch(location.pathname);
  if (answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.querySelector("#outcome");
    if (found && found.innerHTML !== outcome().innerHTML) outcome().replaceWith(found);
  }
  await wait();
}

async function wait() {
  if (!outcome().hasAttribute("data-waits")) return;
  await new Promise((done) => setTimeout(done, 2000));
  await look();
}

wait();
