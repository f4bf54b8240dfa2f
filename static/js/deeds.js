// What the palette and the shortcuts can do besides opening a page. `can` says whether there is anything to do it to.

import { byId, post, words } from "./page.js";

const root = document.documentElement;
const rows = () => [...document.querySelectorAll("#conversations [data-row]")];
const lastCopy = () => [...document.querySelectorAll("#messages [data-copy]")].at(-1);

function step(by) {
  const all = rows();
  const here = all.findIndex((link) => link.hasAttribute("aria-current"));
  return here < 0 ? all[0] : all[here + by];
}

function isDark() {
  if (root.dataset.theme === "system") return matchMedia("(prefers-color-scheme: dark)").matches;
  return root.dataset.theme === "dark";
}

async function changeTheme() {
  const body = new FormData();
  const before = root.dataset.theme;
  root.dataset.theme = isDark() ? "light" : "dark";
  body.set("theme", root.dataset.theme);
  await post("/accounts/theme/", body).catch(() => (root.dataset.theme = before));
}

function show(dialog) {
  if (!dialog.open) dialog.showModal();
}

const going = (by) => ({ can: () => Boolean(step(by)), run: () => location.assign(step(by).href) });

export const actions = {
  compose: {
    can: () => true,
    run() {
      if (!byId("text")) return location.assign("/");
      byId("text").focus();
    },
  },
  stop: { can: () => byId("stop")?.hidden === false, run: () => byId("stop").click() },
  copy: {
    can: () => Boolean(navigator.clipboard && lastCopy()),
    run() {
      lastCopy().click();
      byId("announce").textContent = words.copied;
    },
  },
  next: going(1),
  previous: going(-1),
  theme: { can: () => true, run: changeTheme },
  shortcuts: { can: () => true, run: () => show(byId("shortcuts")) },
  "sign-out": { can: () => true, run: () => byId("sign-out").requestSubmit() },
};

/** Open the page or do the deed of an option; tells whether there was anything to do. */
export function carryOut({ href, action }, inNewTab = false) {
  if (action) {
    const known = actions[action];
    if (!known?.can()) return false;
    known.run();
  } else if (inNewTab) window.open(href, "_blank", "noopener");
  else location.assign(href);
  return true;
}
