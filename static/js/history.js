// The history in the sidebar of every page: options in a dialog, renaming in place, undo, older ones while scrolling.
// All of it works without this script, too, as pages and plain forms.

import "./drafts.js";
import { byId, post } from "./page.js";

const words = byId("history-words")?.dataset ?? {};
const JSON_PLEASE = { headers: { Accept: "application/json" } };
const list = () => byId("conversations");

// --- the list ---------------------------------------------------------------------------------------------------

async function fragment(address) {
  const response = await fetch(address).catch(() => null);
  if (!response?.ok || response.redirected) return null;
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return template.content;
}

let asked = 0;

/** Show the list as it is now; folders that are open stay so. Of several who ask the last one is answered. */
export async function refresh() {
  const number = ++asked;
  const content = list() && (await fragment(list().dataset.sidebar));
  const after = content?.querySelector("#conversations");
  if (!after || number !== asked) return;
  const before = list();
  const open = new Set([...before.querySelectorAll(".folder[open] summary")].map((summary) => summary.textContent));
  for (const folder of after.querySelectorAll(".folder"))
    folder.open = open.has(folder.querySelector("summary").textContent);
  before.replaceWith(after);
  markCurrent();
  watch();
}

function markCurrent() {
  for (const link of list().querySelectorAll("[data-row]")) {
    if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) more(target);
});

async function more(link) {
  near.unobserve(link);
  const content = await fragment(link.dataset.older);
  if (!content || !link.isConnected) return;
  const last = [...list().querySelectorAll(".rows")].at(-1);
  const first = content.querySelector(".rows");
  if (first && heading(last) === heading(first)) {
    last.querySelector(".nav").append(...first.querySelectorAll(".row"));
    first.remove();
  }
  link.closest(".rows-older").replaceWith(content);
  markCurrent();
  watch();
}

const heading = (section) => section?.querySelector(".rows-head")?.textContent;

function watch() {
  const link = list()?.querySelector("[data-older]");
  if (link) near.observe(link);
}

// --- options ----------------------------------------------------------------------------------------------------

async function openOptions(link) {
  const response = await fetch(link.href, JSON_PLEASE).catch(() => null);
  if (!response?.ok) return location.assign(link.href);
  const dialog = document.createElement("dialog");
  dialog.className = "card options";
  dialog.setAttribute("aria-label", link.getAttribute("aria-label") ?? words.options);
  dialog.innerHTML = (await response.json()).html;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button button-quiet button-icon options-close";
  close.setAttribute("aria-label", words.close);
  close.textContent = "×";
  close.addEventListener("click", () => dialog.close());
  dialog.prepend(close);
  dialog.addEventListener("close", () => {
    dialog.remove();
    link.focus();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("submit", (event) => submit(event, dialog, link));
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("[name=title]").select();
}

async function submit(event, dialog, link) {
  event.preventDefault();
  const { target: form, submitter } = event;
  const body = new FormData(form, submitter);
  const isHere = new URL(link.href).pathname.startsWith(location.pathname) && location.pathname !== "/";
  try {
    const answer = await post(form.action, body);
    dialog.close();
    if (answer.undo && isHere) return location.assign(`/?deleted=${answer.undo.split("/").at(-3)}`);
    if (answer.undo) offerUndo(answer);
    else if (isHere) showTitle(answer.title);
    await refresh();
    dropRow(answer.undo && form.action);
  } catch (error) {
    dialog.close();
    toast(error.message ?? words.broken);
  }
}

/** On the page that lists all: what was deleted goes there, too. */
function dropRow(address) {
  if (!address) return;
  const conversation = new URL(address).pathname.replace(/delete\/$/, "");
  document.querySelector(`main .row a[href="${conversation}"]`)?.closest(".row").remove();
}

function showTitle(title) {
  const head = document.querySelector(".chat-head h1");
  if (head) head.textContent = title;
  document.title = `${title} · Voliere`;
}

// --- undo -------------------------------------------------------------------------------------------------------

function toast(text, ...more) {
  document.querySelector(".toast")?.remove();
  const notice = document.createElement("div");
  notice.className = "notice toast";
  notice.setAttribute("role", "status");
  notice.append(text, ...more);
  document.body.append(notice);
  setTimeout(() => notice.remove(), 20_000);
}

function offerUndo({ title, undo }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-small";
  button.textContent = words.undo;
  button.addEventListener("click", async () => {
    try {
      await post(undo);
      toast(words.restored);
      await refresh();
    } catch (error) {
      toast(error.message ?? words.broken);
    }
  });
  toast(`${words.deleted} “${title}” `, button);
}

// --- renaming in place ------------------------------------------------------------------------------------------

function renameInPlace(link) {
  const input = document.createElement("input");
  const label = link.querySelector("span");
  input.className = "input row-input";
  input.maxLength = 150;
  input.value = label.textContent.trim();
  input.setAttribute("aria-label", words.rename);
  link.hidden = true;
  link.before(input);
  input.select();
  let done = false;
  const finish = async (keep) => {
    if (done) return;
    done = true;
    const title = input.value.trim();
    input.remove();
    link.hidden = false;
    link.focus();
    if (!keep || !title || title === label.textContent.trim()) return;
    const body = new FormData();
    body.set("title", title);
    try {
      const answer = await post(`${link.pathname}rename/`, body);
      label.textContent = link.title = answer.title;
      if (link.pathname === location.pathname) showTitle(answer.title);
    } catch (error) {
      toast(error.message ?? words.broken);
    }
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      finish(event.key === "Enter");
    }
  });
  input.addEventListener("blur", () => finish(true));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-options]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  openOptions(link);
});
document.addEventListener("dblclick", (event) => {
  const link = event.target.closest(".conversations [data-row]");
  if (link && link.pathname === location.pathname) renameInPlace(link);
});
document.addEventListener("keydown", (event) => {
  const link = event.target.closest?.("[data-row]");
  if (event.key !== "F2" || !link) return;
  event.preventDefault();
  renameInPlace(link);
});
document.addEventListener("conversation-titled", ({ detail }) => {
  showTitle(detail.title);
  refresh();
});

// --- search while typing ----------------------------------------------------------------------------------------

const results = byId("results");
const search = results && document.querySelector("[data-search]");
let typing;

async function find() {
  const address = new URL(search.action);
  address.searchParams.set("q", search.elements.q.value);
  const asked = search.elements.q.value;
  const response = await fetch(address, JSON_PLEASE).catch(() => null);
  if (!response?.ok || asked !== search.elements.q.value) return;
  results.innerHTML = (await response.json()).html;
  history.replaceState(null, "", address);
}

search?.elements.q.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(find, 150);
});

watch();
