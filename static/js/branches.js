// Which branch of the conversation the page shows. All tabs show the one that was chosen last, except one that was led
// to another by a link: it shows that until something is done in it.

import { byId, post } from "./page.js";
import { isCut } from "./window.js";

const messages = byId("messages");
const scroll = byId("scroll");
const composer = byId("composer");
const article = (id) => byId(`m-${id}`);
const row = (element) => element?.closest("#messages > *");
const articles = (within) => [...within.querySelectorAll("article")];
const key = (element) => (element.matches("article") ? [element] : articles(element)).map(({ id }) => id).join();
let going = ""; // where this tab is about to go

const isAside = () => "aside" in messages.dataset;
const isEditing = () => Boolean(messages.querySelector("[data-edit-form]"));
const changed = () => document.dispatchEvent(new Event("messages-changed"));

/** What the next question follows. */
export const last = () => (isCut() ? composer.elements.after.value : articles(messages).at(-1)?.id.slice(2) ?? "");

/** From now on this tab shows what all tabs show. */
function joinOthers() {
  delete messages.dataset.aside;
  if (location.search) history.replaceState(null, "", composer.dataset.conversation);
}

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

function removeFrom(first) {
  while (first) {
    const next = first.nextSibling;
    first.remove();
    first = next;
  }
}

/** Put new articles behind their parent, in the place of what followed it. False when they belong elsewhere or are
 *  there already; `own` are those that were asked for here. */
export function place(html, parent, own = false) {
  const content = parsed(html);
  if (own) joinOthers();
  if (articles(content).every(({ id }) => byId(id))) return false;
  const before = parent ? row(article(parent)) : null;
  const isElsewhere = parent ? !before : Boolean(messages.querySelector("[data-earlier]"));
  const replaced = before ? before.nextElementSibling : messages.firstElementChild;
  if (isElsewhere || (replaced && !own && (isAside() || isEditing()))) return false;
  removeFrom(before ? before.nextSibling : messages.firstChild);
  messages.append(...content.children);
  return true;
}

async function fetched(query) {
  const response = await fetch(`${composer.dataset.conversation}messages/${query}`).catch(() => null);
  return response?.ok && !response.redirected ? parsed(await response.text()) : null;
}

/** Lay the rows of the server over those of the page: what is the same stays, unless all of it is to be `renewed`. */
function lay(content, renewed = false) {
  const fresh = [...content.children].filter((element) => key(element) || element.matches("[data-later]"));
  const shown = new Map([...messages.children].map((element) => [key(element), element]));
  const start = fresh.findIndex((element) => shown.has(key(element)));
  if (start < 0) return messages.replaceChildren(content);
  let at = shown.get(key(fresh[start]));
  let next = start;
  while (!renewed && at && next < fresh.length && key(at) && key(at) === key(fresh[next])) {
    at = at.nextElementSibling;
    next += 1;
  }
  removeFrom(at);
  messages.append(...fresh.slice(next));
}

/** Show the branch of a message. */
async function show(id) {
  const content = await fetched(`?message=${id}`);
  if (content) lay(content);
  changed();
}

/** Another tab has chosen a branch, or asked on one. Who reads far above, or elsewhere, is left there: then false. */
export async function keepUp(id) {
  const shown = row(article(id));
  if (id === going || isCut() || isAside() || isEditing() || (shown && !shown.matches(".pair"))) return false;
  await show(id);
  return true;
}

/** This tab goes to a branch that the server knows of already. */
export async function goTo(id) {
  joinOthers();
  await show(id);
}

/** Show what is there now, after the connection was lost. */
export async function renew() {
  if (isCut() || isEditing()) return;
  const content = await fetched(isAside() ? `?message=${last()}` : "");
  if (content) lay(content, true);
  changed();
}

/** To a version beside the one shown; it stays where it is on the screen. */
export async function turn(link) {
  const { version } = link.dataset;
  const side = link.nextElementSibling ? "first" : "last";
  const top = link.closest("article").getBoundingClientRect().top;
  going = version;
  try {
    await post(link.dataset.show);
    await goTo(version);
  } finally {
    going = "";
  }
  const shown = article(version);
  if (!shown) return;
  scroll.scrollTop += shown.getBoundingClientRect().top - top;
  const group = shown.querySelector(".versions");
  group?.querySelector(`a:${side}-child`)?.focus({ preventScroll: true });
  if (!group?.contains(document.activeElement)) group?.querySelector("a")?.focus({ preventScroll: true });
  byId("announce").textContent = group?.getAttribute("aria-label") ?? "";
}
