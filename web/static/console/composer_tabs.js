// Tabs as ARIA describes them: arrows, Home and End. Without this script all panels stand beneath each other.
export function tabs(form) {
  const lists = [...form.querySelectorAll("[data-tabs]")];
  const buttons = (list) => [...list.querySelectorAll("[role=tab]")];
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  const choose = (list, chosen) => {
    for (const tab of buttons(list)) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
      panel(tab).hidden = !on;
    }
  };
  const follow = (tab) => {
    // Who writes for one network sees it as that network shows it.
    for (const list of lists) {
      const same = buttons(list).find((each) => each.dataset.network === tab.dataset.network);
      if (same && !list.contains(tab) && list.dataset.tabs === "preview") choose(list, same);
    }
  };
  for (const list of lists) {
    list.hidden = false;
    for (const tab of buttons(list)) {
      panel(tab).setAttribute("role", "tabpanel");
      panel(tab).setAttribute("aria-labelledby", tab.id);
    }
    if (buttons(list).length) choose(list, buttons(list)[0]);
    list.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (!tab) return;
      choose(list, tab);
      follow(tab);
    });
    list.addEventListener("keydown", (event) => {
      const all = buttons(list);
      const at = all.indexOf(event.target.closest("[role=tab]"));
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      const tab = all[(to + all.length) % all.length];
      tab.focus();
      tab.click();
      event.preventDefault();
    });
  }
  return (field) => {
    const hidden = field.closest("[data-panel]");
    const tab = hidden && form.querySelector(`[aria-controls="${hidden.id}"]`);
    if (tab) tab.click();
  };
}
