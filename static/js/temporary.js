// A chat that nobody keeps: what was said lives in this page and is sent along with each question.

import { equip, update as showUpdate } from "./blocks.js";
import "./notify.js";
import { byId, words } from "./page.js";
import "./picker.js";

const composer = byId("composer");
const text = byId("text");
const send = byId("send");
const stop = byId("stop");
const messages = byId("messages");
const scroll = byId("scroll");
const refusal = byId("refusal");
const said = []; // {role, content}
let confidential = false; // something that was said came from documents that stay in the house
let running; // AbortController of the answer under way

const element = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
};

function refuse(sentence = "") {
  refusal.textContent = sentence;
  refusal.hidden = !sentence;
}

function update() {
  send.hidden = Boolean(running);
  stop.hidden = !running;
}

function showQuestion(question) {
  const article = element('<article class="message message-user"><h2 class="visually-hidden"></h2><div class="bubble" dir="auto"></div></article>');
  article.querySelector("h2").textContent = words.you;
  article.querySelector(".bubble").innerText = question;
  messages.append(article);
  return article;
}

/** Of an assistant its name; of a model its own, without where it runs. */
function chosenName() {
  const chosen = composer.elements.model?.selectedOptions[0];
  return chosen?.dataset.assistant ? chosen.text : chosen?.value;
}

function showAnswer(model) {
  const article = element(
    '<article class="message message-assistant" aria-busy="true"><h2 class="message-author"><span class="dot" aria-hidden="true"></span></h2>' +
      '<div class="prose" dir="auto"><div></div><div></div></div>' +
      '<p class="message-status"><span class="pulse" aria-hidden="true"></span><span></span></p></article>',
  );
  article.querySelector("h2").append(model || words.assistant);
  messages.append(article);
  return article;
}

function showSources(article, sources) {
  if (!sources?.length) return;
  const section = element('<section class="sources"><ol></ol></section>');
  section.setAttribute("aria-label", words.sources);
  for (const { number, address, title } of sources) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    item.value = number;
    link.href = address;
    link.target = "_blank"; // this page must stay: it alone knows what was said
    link.textContent = title;
    item.append(link);
    section.firstElementChild.append(item);
  }
  article.append(section);
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

/** Show what comes; resolves to the last line, which ends the answer. */
async function show(article, response) {
  const [closed, tail] = article.querySelector(".prose").children;
  const status = article.querySelector(".message-status");
  for await (const event of lines(response.body)) {
    confidential ||= Boolean(event.confidential);
    if (event.type === "status") status.lastElementChild.textContent = event.text;
    if (event.type === "text") {
      showUpdate(closed, tail, event);
      status.hidden = true;
    }
    if (event.type === "ended" || event.type === "failed") return event;
    scroll.scrollTop = scroll.scrollHeight;
  }
  throw new TypeError("the answer broke off");
}

function finish(article, event) {
  article.querySelector(".prose").innerHTML = event.html;
  equip(article);
  for (const link of article.querySelectorAll(".prose a")) link.target = "_blank";
  showSources(article, event.sources);
  showNote(article, event.note, "hint personal-note");
  showNote(article, event.left_out, "left-out");
  showReceipt(article, event.receipt);
}

function showReceipt(article, html) {
  if (!html) return;
  const details = element('<details class="receipt-here"><summary></summary></details>');
  details.firstElementChild.textContent = words.receipt;
  const receipt = element(html);
  receipt.removeAttribute("id"); // there is one below each answer
  details.append(receipt);
  article.append(details);
}

/** What of the person was given to the model with it, and what of the chat was not. */
function showNote(article, note, className) {
  if (!note) return;
  const paragraph = document.createElement("p");
  Object.assign(paragraph, { className, textContent: note });
  article.append(paragraph);
}

async function ask() {
  const question = text.value.trim();
  if (running || !question) return;
  refuse();
  const body = new FormData(composer);
  body.set("history", JSON.stringify(said));
  if (confidential) body.set("confidential", "1");
  running = new AbortController();
  update();
  document.querySelector(".chat").classList.remove("chat-empty");
  document.querySelector(".welcome")?.remove();
  const asked = showQuestion(question);
  const article = showAnswer(chosenName());
  scroll.scrollTop = scroll.scrollHeight;
  byId("announce").textContent = words.writing;
  text.value = "";
  try {
    const headers = { Accept: "application/json" };
    const response = await fetch(composer.action, { method: "POST", body, headers, signal: running.signal });
    if (!response.ok) throw new Error((await response.json().catch(() => ({}))).message ?? words.broken);
    const event = await show(article, response);
    finish(article, event);
    if (event.type === "failed") throw new Error(event.message);
    said.push({ role: "user", content: question }, { role: "assistant", content: event.text });
    byId("announce").textContent = words.ready;
    document.dispatchEvent(new Event("answer-ended"));
  } catch (error) {
    failed(error, question, asked, article);
  } finally {
    article.removeAttribute("aria-busy");
    article.querySelector(".message-status")?.remove();
    running = undefined;
    update();
    text.focus();
    scroll.scrollTop = scroll.scrollHeight;
  }
}

/** A stopped answer stays as far as it came; any other failure gives the question back. */
function failed(error, question, asked, article) {
  const partial = article.querySelector(".prose").innerText.trim();
  if (error.name === "AbortError" && partial) {
    said.push({ role: "user", content: question }, { role: "assistant", content: partial });
    byId("announce").textContent = words.stopped;
    return;
  }
  asked.remove();
  article.remove();
  text.value ||= question;
  if (error.name !== "AbortError") refuse(error instanceof TypeError ? words.offline : error.message);
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  ask();
});
stop.addEventListener("click", () => running?.abort());
addEventListener("beforeunload", (event) => said.length && event.preventDefault());
