// Quick access: a combobox with a listbox in a dialog, over conversations, pages and actions. The input keeps the focus;
// the option that Enter would choose is its active descendant.

import { actions, carryOut } from "./deeds.js";
import { byId } from "./page.js";

const dialog = byId("palette");
const input = byId("palette-input");
const list = byId("palette-list");
const words = dialog?.dataset ?? {};
const RECENT = 5;
const SNIPPETS = 6;
let found = { asked: "", titles: [], hits: [] }; // what the server found
let typing;
let hasMoved = false; // then what was chosen stays so when more is found

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const options = () => [...list.querySelectorAll("[role=option]")];
const selected = () => list.querySelector("[aria-selected=true]");

// --- what there is ----------------------------------------------------------------------------------------------

function option(label, href, icon) {
  const made = byId("palette-option").content.firstElementChild.cloneNode(true);
  made.querySelector(".palette-label").textContent = label;
  made.dataset.href = href;
  made.dataset.words = label;
  if (icon) made.querySelector("svg").replaceWith(icon.cloneNode(true));
  return made;
}

function recent() {
  const links = [...document.querySelectorAll("#conversations [data-row]")].filter((link) => !link.ariaCurrent);
  const known = new Map(links.map((link) => [link.href, link.textContent.trim()]));
  return [...known].slice(0, RECENT).map(([href, label]) => option(label, href));
}

function ofProjects() {
  return [...document.querySelectorAll("#conversations .folder")].flatMap((folder) => {
    const name = folder.querySelector("summary").textContent.trim();
    const page = folder.querySelector("li:last-child > a");
    const icon = folder.querySelector("summary svg");
    const inside = option(words.inProject.replace("#", name), `/?project=${page.pathname.split("/").at(-2)}`, icon);
    return [option(words.project.replace("#", name), page.href, icon), inside];
  });
}

function commands(query) {
  const all = [...byId("palette-commands").content.children].map((each) => each.cloneNode(true));
  const usable = all.filter(({ dataset }) => !dataset.action || actions[dataset.action]?.can());
  if (!query) return usable;
  const asked = plain(query).split(/\s+/).filter(Boolean);
  const fitting = [...usable, ...ofProjects()].filter(({ dataset }) => asked.every((word) => plain(dataset.words).includes(word)));
  const rank = ({ dataset }) => (asked.every((word) => ` ${plain(dataset.words)}`.includes(` ${word}`)) ? 0 : 1);
  return fitting.sort((a, b) => rank(a) - rank(b));
}

function messages(hits) {
  return hits.slice(0, SNIPPETS).map(({ title, url, snippet }) => {
    const made = option(title, url);
    const text = document.createElement("span");
    text.className = "palette-snippet";
    text.dir = "auto";
    text.innerHTML = snippet; // escaped by the server, with <mark>
    made.querySelector(".palette-label").append(text);
    return made;
  });
}

// --- showing it -------------------------------------------------------------------------------------------------

function group(label, members) {
  if (!members.length) return [];
  const section = document.createElement("div");
  const head = document.createElement("div");
  head.className = "rows-head";
  head.id = `palette-group-${list.children.length}-${members.length}`;
  head.setAttribute("role", "presentation");
  head.textContent = label;
  section.setAttribute("role", "group");
  section.setAttribute("aria-label", label);
  section.append(head, ...members);
  return [section];
}

function show() {
  const query = input.value.trim();
  const chosen = hasMoved && selected()?.dataset.href;
  const isKnown = found.asked === query;
  const titles = query ? (isKnown ? found.titles.map(({ title, url }) => option(title, url)) : []) : recent();
  const everywhere = query ? [option(words.everywhere.replace("#", query), `${words.search}?q=${encodeURIComponent(query)}`)] : [];
  list.replaceChildren(
    ...group(query ? words.conversations : words.recent, titles),
    ...group(words.go, commands(query)),
    ...group(words.messages, [...(query && isKnown ? messages(found.hits) : []), ...everywhere]),
  );
  options().forEach((each, index) => (each.id = `palette-${index}`));
  select(options().find((each) => chosen && each.dataset.href === chosen) ?? options()[0]);
  if (isKnown || !query) byId("palette-status").textContent = words.found.replace("#", options().length);
}

function select(next) {
  selected()?.setAttribute("aria-selected", "false");
  next?.setAttribute("aria-selected", "true");
  if (next) input.setAttribute("aria-activedescendant", next.id);
  else input.removeAttribute("aria-activedescendant");
  next?.scrollIntoView({ block: "nearest" });
}

async function find() {
  const asked = input.value.trim();
  const address = new URL(words.search, location.href);
  address.searchParams.set("q", asked);
  const response = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!response?.ok || asked !== input.value.trim()) return;
  found = { asked, ...(await response.json()) };
  if (asked === input.value.trim()) show();
}

// --- using it ---------------------------------------------------------------------------------------------------

export function open() {
  if (!dialog || dialog.open) return;
  byId("sidebar").hidePopover?.();
  input.value = "";
  hasMoved = false;
  dialog.showModal();
  show();
  list.scrollTop = 0;
}

function choose(option, inNewTab) {
  if (!option) return;
  dialog.close();
  carryOut(option.dataset, inNewTab);
}

function move(event) {
  const all = options();
  const here = all.indexOf(selected());
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + 7, PageUp: here - 7 }[event.key];
  if (to === undefined || !all.length) return;
  event.preventDefault();
  hasMoved = true;
  const turns = event.key.startsWith("Arrow");
  select(all[turns ? (to + all.length) % all.length : Math.max(0, Math.min(to, all.length - 1))]);
}

function equip() {
  input.addEventListener("input", () => {
    hasMoved = false;
    show();
    clearTimeout(typing);
    if (input.value.trim()) typing = setTimeout(find, 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      choose(selected(), event.ctrlKey || event.metaKey);
    } else move(event);
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays where it is typed
  list.addEventListener("click", (event) => choose(event.target.closest("[role=option]"), event.ctrlKey || event.metaKey));
  list.addEventListener("pointermove", (event) => {
    const under = event.target.closest("[role=option]");
    if (!under || under === selected()) return;
    hasMoved = true;
    select(under);
  });
  for (const each of [dialog, byId("shortcuts")]) {
    each.addEventListener("click", (event) => event.target === each && each.close());
    byId(`${each.id}-close`).addEventListener("click", () => each.close());
  }
  const button = byId("palette-open");
  button.closest("li").hidden = false;
  button.addEventListener("click", open);
}

if (dialog) equip();
