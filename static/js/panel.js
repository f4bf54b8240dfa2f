// A source beside the conversation, where there is room; elsewhere, and without this script, its link opens a page.

import { byId } from "./page.js";
import { linkOf, showPassage } from "./viewer.js";

const ROOM = matchMedia("(min-width: 70rem)");
const panel = byId("panel");
const body = byId("panel-body");
const messages = byId("messages");
let address = ""; // of what is shown
let opener = "";

messages.addEventListener("click", (event) => {
  const link = event.target.closest("a.citation, .sources a, .searched a");
  if (!link || !ROOM.matches || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  opener = link.getAttribute("href");
  show(link.href);
});

byId("panel-close").addEventListener("click", close);
panel.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return close();
  const viewer = byId("viewer");
  const link = viewer && linkOf(viewer, event);
  if (!link) return;
  event.preventDefault();
  link.click();
});
panel.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-turn]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  show(new URL(link.getAttribute("href"), address), link.dataset.keys);
});
panel.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-turn]")) return;
  event.preventDefault();
  show(new URL(`?${new URLSearchParams(new FormData(event.target))}`, address));
});

/** Fetch a page of the viewer and show its content here; `keys` names the control that has to keep the focus. */
async function show(url, keys) {
  panel.setAttribute("aria-busy", "true");
  const response = await fetch(url).catch(() => null);
  const page = response?.ok && new DOMParser().parseFromString(await response.text(), "text/html");
  const viewer = page && page.getElementById("viewer");
  panel.removeAttribute("aria-busy");
  if (!viewer) return location.assign(url); // signed out, or gone: the page itself says so
  address = response.url;
  const hadFocus = panel.contains(document.activeElement);
  body.replaceChildren(document.adoptNode(viewer));
  byId("panel-whole").href = address;
  panel.hidden = false;
  const mark = showPassage(viewer);
  const control = keys && hadFocus && viewer.querySelector(`a[data-keys="${CSS.escape(keys)}"]`);
  (control || mark || viewer).focus({ preventScroll: true });
  for (const image of viewer.querySelectorAll("img")) image.addEventListener("load", () => showPassage(viewer));
}

function close() {
  panel.hidden = true;
  body.replaceChildren();
  const links = [...messages.querySelectorAll(`a[href="${CSS.escape(opener)}"]`)]; // the article may be a new one
  (links[0] ?? byId("text")).focus();
}
