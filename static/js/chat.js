// The chat page: the composer, and what the stream and the attachments mean for it.

import { act, begin } from "./actions.js";
import { acceptFiles, pending } from "./attachments.js";
import { equip } from "./blocks.js";
import { last } from "./branches.js";
import "./compare.js";
import { refresh } from "./history.js";
import "./hovercard.js";
import "./notify.js";
import { byId, post, refuse, words } from "./page.js";
import "./panel.js";
import { connect, running, stayAtEnd } from "./stream.js";
import { goToNamed, isCut, watch } from "./window.js";

const composer = byId("composer");
const text = byId("text");
const send = byId("send");
const stop = byId("stop");
const messages = byId("messages");
const draft = () => `draft:${composer.dataset.person}:${composer.dataset.conversation ?? "new"}`;
let sending = false;
let creation;

function update() {
  const answer = running();
  const hadFocus = document.activeElement === (answer ? send : stop);
  send.hidden = Boolean(answer);
  stop.hidden = !answer;
  send.disabled = sending || pending();
  send.setAttribute("aria-busy", String(pending()));
  if (answer) stop.setAttribute("formaction", `${composer.dataset.conversation}messages/${answer}/stop/`);
  if (hadFocus) text.focus();
}

function grow() {
  if (CSS.supports("field-sizing: content")) return;
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight}px`;
}

const conversationId = () => composer.dataset.conversation.split("/").at(-2);

/** The conversation's address; the conversation is made when there is none yet. */
async function conversationUrl() {
  if (!composer.dataset.conversation) await (creation ??= create().finally(() => (creation = undefined)));
  return composer.dataset.conversation;
}

async function create() {
  const { url } = await post(composer.dataset.create);
  composer.dataset.conversation = url;
  composer.action = `${url}ask/`;
  history.replaceState(null, "", url);
  connect(conversationId());
}

async function ask() {
  if (sending || pending() || running() || !text.value.trim()) return;
  const before = draft();
  const hadFocus = document.activeElement === send; // it loses it when it is disabled
  sending = true;
  update();
  refuse();
  try {
    const isNew = !messages.children.length;
    await conversationUrl();
    composer.elements.after.value = last();
    const answer = await post(composer.action, new FormData(composer));
    localStorage.removeItem(before);
    localStorage.removeItem(draft());
    text.value = "";
    grow();
    if (isCut()) return location.assign(composer.dataset.conversation);
    begin(answer);
    if (isNew) refreshTitle();
  } catch (error) {
    refuse(error.message);
  } finally {
    sending = false;
    update();
    if (hadFocus && matchMedia("(hover: hover)").matches) text.focus();
  }
}

/** A conversation gets its title from its first question: show it in heading and list. */
async function refreshTitle() {
  const response = await fetch(composer.dataset.conversation).catch(() => null);
  if (!response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  document.title = page.title;
  document.querySelector(".chat-head").replaceWith(page.querySelector(".chat-head"));
  await refresh();
}

composer.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.submitter?.dataset.act) return act(event.submitter);
  if (event.submitter?.matches("[data-retry]")) return retry(event.submitter.formAction);
  if (event.submitter !== stop) return ask();
  stop.disabled = true;
  await post(stop.formAction).catch((error) => refuse(error.message));
  stop.disabled = false;
});

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  ask();
});
text.addEventListener("input", () => {
  localStorage.setItem(draft(), text.value);
  refuse();
  grow();
});

async function retry(address) {
  try {
    begin(await post(address));
    text.focus();
  } catch (error) {
    refuse(error.message);
  }
}

messages.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(withSources(button.closest("article")));
  const label = button.querySelector("span");
  const before = label.textContent;
  label.textContent = words.copied;
  setTimeout(() => (label.textContent = before), 1500);
});

/** An answer as text, with the sources its markers name. */
function withSources(article) {
  const text = article.querySelector(".prose, .bubble").cloneNode(true);
  for (const sign of text.querySelectorAll(".doubt-sign")) sign.remove();
  text.classList.add("copying");
  article.append(text); // only what is laid out has lines
  const sources = [...article.querySelectorAll(".sources li")].map((item) => `[${item.value}] ${item.querySelector("a").innerText}`);
  const copied = [text.innerText.trim(), sources.join("\n")].filter(Boolean).join("\n\n");
  text.remove();
  return copied;
}

function showCopyButtons() {
  if (navigator.clipboard) for (const button of messages.querySelectorAll("[data-copy]")) button.hidden = false;
}

byId("composer").addEventListener("change", () => {
  const count = composer.querySelectorAll("[name=collections]:checked").length;
  const badge = byId("chosen-count");
  if (!badge) return;
  badge.textContent = count;
  badge.hidden = !count;
});

// an open menu closes on Escape and on a click elsewhere
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const details of document.querySelectorAll("details.picker[open], details.menu[open]")) {
    details.open = false;
    details.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const details of document.querySelectorAll("details.picker[open], details.menu[open]"))
    if (!details.contains(event.target)) details.open = false;
});

document.addEventListener("messages-changed", () => {
  showCopyButtons();
  equip(messages);
  watch();
  update();
});
document.addEventListener("attachments-changed", update);

text.value ||= localStorage.getItem(draft()) ?? "";
grow();
acceptFiles(conversationUrl);
showCopyButtons();
equip(messages);
update();
if (!goToNamed()) stayAtEnd(true);
watch();
if (composer.dataset.conversation) connect(conversationId());
