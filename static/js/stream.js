// The conversation's socket: shows the answer under way and keeps every tab in step (protocol: chat/events.py).

import { update } from "./blocks.js";
import { keepUp, last, place, renew } from "./branches.js";
import { byId, words } from "./page.js";

const RETRY_AFTER = [500, 1000, 2000, 4000, 8000]; // milliseconds
const SILENCE = 10_000; // milliseconds
const messages = byId("messages");
const scroll = byId("scroll");
const part = (article, name) => article?.querySelector(`[data-part="${name}"]`);
const article = (id) => byId(`m-${id}`);

let follow = true; // the reader is at the end and wants to stay there

export function stayAtEnd(force = false) {
  if (force) follow = true;
  if (follow) scroll.scrollTop = scroll.scrollHeight;
}

scroll.addEventListener("scroll", () => {
  follow = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
  byId("jump").hidden = follow;
});
byId("jump").addEventListener("click", () => stayAtEnd(true));

export const running = () => messages.querySelector("[data-message]")?.dataset.message;

let socket;
let heard = 0; // when the last event came

/** Ask to be told of the running answer from where it stands, and of what changed before the socket was there: of
 *  another branch, too, where the page ends elsewhere. */
export function attach(end) {
  const under = [...messages.querySelectorAll("[data-message]")].map((element) => element.dataset.message);
  const { lang: language } = document.documentElement;
  const shown = { messages: under, title: document.querySelector(".chat-head h1").textContent, last: end, language };
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "attach", ...shown }));
}

function announce(text) {
  byId("announce").textContent = text;
}

function changed() {
  document.dispatchEvent(new Event("messages-changed"));
  stayAtEnd();
}

document.addEventListener("messages-changed", () => {
  document.querySelector(".chat").classList.toggle("chat-empty", !messages.children.length);
  if (messages.children.length) document.querySelector(".welcome")?.remove();
});

/** To the branch that all tabs show; what was told of an answer there went by before it was on this page. */
async function comeAlong(id) {
  if ((await keepUp(id)) && running()) attach();
}

const handlers = {
  asked(event) {
    if (!place(event.html, event.parent)) return comeAlong(event.message);
    changed();
    announce(words.writing);
  },
  branch(event) {
    comeAlong(event.message);
  },
  status(event) {
    const text = part(article(event.message), "status-text");
    if (text) text.textContent = event.text;
  },
  thought(event) {
    think(article(event.message), event.text);
  },
  text(event) {
    show(article(event.message), event);
  },
  snapshot(event) {
    const target = article(event.message);
    const closed = part(target, "closed");
    if (!closed) return;
    closed.innerHTML = "";
    part(target, "thoughts").textContent = "";
    think(target, event.thought);
    show(target, event);
  },
  ended(event) {
    const target = article(event.message);
    if (!target) return;
    const wasOpen = part(target, "reasoning")?.open;
    target.outerHTML = event.html;
    if (wasOpen && part(article(event.message), "reasoning")) part(article(event.message), "reasoning").open = true;
    announce(words.ready);
    document.dispatchEvent(new Event("answer-ended"));
    changed();
  },
  titled(event) {
    document.dispatchEvent(new CustomEvent("conversation-titled", { detail: event }));
  },
  error() {},
};

function think(target, text) {
  if (!text || !target) return;
  part(target, "reasoning").hidden = false;
  part(target, "thoughts").append(text);
  part(target, "status").hidden = true;
  stayAtEnd();
}

function show(target, event) {
  const tail = part(target, "tail");
  if (!tail) return;
  update(part(target, "closed"), tail, event);
  if (event.seconds !== null) part(target, "thinking").textContent = words.thought.replace("#", event.seconds);
  if (event.closed || event.tail !== "" || event.thought) part(target, "status").hidden = true;
  stayAtEnd();
}

/** Connect, and connect again whenever the socket is lost; what happened meanwhile is fetched. */
export function connect(conversation, attempt = 0) {
  const address = new URL(`/ws/conversations/${conversation}/`, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  socket = new WebSocket(address);
  socket.onopen = async () => {
    byId("connection").hidden = true;
    if (attempt) await renew();
    attempt = 0;
    attach(last());
  };
  socket.onmessage = ({ data }) => {
    heard = Date.now();
    const event = JSON.parse(data);
    handlers[event.type]?.(event);
  };
  socket.onclose = ({ code }) => {
    byId("connection").hidden = false;
    if (code === 4404) {
      byId("connection").textContent = words.gone;
      return;
    }
    setTimeout(() => connect(conversation, attempt + 1), RETRY_AFTER[Math.min(attempt, RETRY_AFTER.length - 1)]);
  };
}

// events may be lost on the way: of an answer that has fallen silent is asked again
setInterval(() => running() && Date.now() - heard > SILENCE && attach(), SILENCE);
