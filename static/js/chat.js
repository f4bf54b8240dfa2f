// The chat page: the composer, and what the stream and the attachments mean for it.

import { act, begin } from "./actions.js";
import { acceptFiles, pending } from "./attachments.js";
import { equip } from "./blocks.js";
import { last } from "./branches.js";
import "./compare.js";
import { draft, moveTo } from "./drafts.js";
import { refresh } from "./history.js";
import "./hovercard.js";
import "./mentions.js";
import "./notify.js";
import { acknowledge, byId, post, refuse, words } from "./page.js";
import "./panel.js";
import "./picker.js";
import "./prompts.js";
import { enqueue, sendNext, showQueue, waiting } from "./queue.js";
import { connect, running, stayAtEnd } from "./stream.js";
import { goToNamed, isCut, watch } from "./window.js";

const composer = byId("composer");
const text = byId("text");
const send = byId("send");
const stop = byId("stop");
const messages = byId("messages");
let sending = false;
let underWay = ""; // what is just being sent: who presses Enter twice means it once
let creation;

function update() {
  const answer = running();
  const hadFocus = document.activeElement === (answer ? send : stop);
  send.hidden = Boolean(answer) && !text.value.trim(); // what is written meanwhile waits for the answer to end
  send.title = answer ? words.queue : words.send;
  send.setAttribute("aria-label", send.title);
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
  moveTo(url);
  composer.action = `${url}ask/`;
  history.replaceState(null, "", url);
  connect(conversationId());
}

async function ask() {
  const question = text.value.trim();
  if (pending() || !(question || waiting())) return;
  if (sending || running()) return question && question !== underWay && wait(question);
  if (question) await busy(() => deliver(question));
  else await sendWaiting();
}

function wait(question) {
  enqueue(question);
  clear();
  byId("announce").textContent = words.waits;
}

function clear() {
  draft.set("");
  text.value = "";
  grow();
  update();
}

async function busy(act) {
  const hadFocus = document.activeElement === send; // it loses it when it is disabled
  sending = true;
  update();
  refuse();
  try {
    await act();
  } catch (error) {
    refuse(error.message);
  } finally {
    sending = false;
    underWay = "";
    update();
    if (hadFocus && matchMedia("(hover: hover)").matches) text.focus();
  }
}

/** Send it and show what comes of it; with an `id` it waited, and the field holds something else. */
async function deliver(question, id = "") {
  const isNew = !messages.children.length;
  underWay = question;
  await conversationUrl();
  const body = new FormData(composer);
  body.set("text", question);
  body.set("question_id", id);
  body.set("after", last());
  const answer = await post(composer.action, body);
  if (text.value.trim() === question) clear(); // somebody may have written on meanwhile
  if (isCut()) return location.assign(composer.dataset.conversation);
  begin(answer);
  if (isNew) refreshTitle();
}

/** What waits goes when the answer has ended; after one that failed it stays until it is sent by hand. */
const sendWaiting = () =>
  busy(() =>
    sendNext(async (question, id) => {
      try {
        await deliver(question, id);
      } catch (error) {
        if (error.code !== "already_asked") throw error;
      }
    }),
  );

function goOn() {
  if (!waiting() || sending || running() || pending()) return;
  if (["done", "stopped"].includes(messages.lastElementChild?.dataset.status)) sendWaiting();
}

/** A conversation gets its title from its first question: show it in heading and list. */
async function refreshTitle() {
  const before = document.querySelector(".chat-head h1").textContent;
  const response = await fetch(composer.dataset.conversation).catch(() => null);
  if (!response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const told = document.querySelector(".chat-head h1").textContent;
  if (told === before) document.title = page.title;
  else page.querySelector(".chat-head h1").textContent = told; // by the socket meanwhile, and newer
  document.querySelector(".chat-head").replaceWith(page.querySelector(".chat-head"));
  await refresh();
}

composer.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.submitter?.dataset.act) return act(event.submitter);
  if (event.submitter?.matches("[data-retry]")) return retry(event.submitter.formAction);
  if (event.submitter?.name === "starter") text.value = event.submitter.value;
  if (event.submitter !== stop) return ask();
  stop.disabled = true;
  await post(stop.formAction).catch((error) => refuse(error.message));
  stop.disabled = false;
});

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  ask();
});
text.addEventListener("input", () => {
  draft.set(text.value);
  refuse();
  grow();
  update();
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
  acknowledge(button, words.copied);
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
  goOn();
});
document.addEventListener("attachments-changed", () => {
  update();
  goOn();
});
composer.elements.model?.addEventListener("change", ({ target }) => {
  const { assistant } = target.selectedOptions[0]?.dataset ?? {};
  // an empty chat shows what its assistant is and begins with
  const wasOne = new URLSearchParams(location.search).has("assistant");
  if (composer.dataset.conversation || !(assistant || wasOne)) return;
  const address = new URL(location.href);
  if (assistant) address.searchParams.set("assistant", assistant);
  else address.searchParams.delete("assistant");
  location.assign(address);
});

text.value ||= draft.get();
grow();
showQueue();
acceptFiles(conversationUrl);
showCopyButtons();
equip(messages);
update();
if (!goToNamed()) stayAtEnd(true);
watch();
if (composer.dataset.conversation) connect(conversationId());
goOn();
