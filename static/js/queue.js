// The next messages, written while an answer is: shown in a line each, and sent one after the other when it has ended.
//
// They lie in this browser's storage, so a reload loses none. Of several tabs one sends: a lock sees to it where the
// browser has one, and the server stores a message of an id once, whoever sends it again.

import { queue } from "./drafts.js";
import { byId, words } from "./page.js";

const list = byId("queue");
const composer = byId("composer");

const newId = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // `randomUUID` is for https alone
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
};

export const waiting = () => queue.get().length;

export function enqueue(text) {
  queue.set([...queue.get(), { id: newId(), text }]);
  showQueue();
}

export function showQueue() {
  const kept = queue.get();
  list.replaceChildren(...kept.map(chip));
  list.hidden = !kept.length;
}

function chip({ id, text }) {
  const item = document.createElement("li");
  item.className = "chip";
  const state = document.createElement("span");
  state.className = "chip-state";
  state.textContent = words.queued;
  const name = document.createElement("span");
  name.className = "chip-name";
  name.textContent = text.split("\n", 1)[0];
  const short = name.textContent.slice(0, 60);
  item.append(state, " ", name, button(words.edit, "chip-edit", `${words.edit}: ${short}`, () => edit(id)));
  item.append(button("×", "", `${words.remove}: ${short}`, () => take(id)));
  return item;
}

function button(text, className, label, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = text;
  element.setAttribute("aria-label", label);
  element.addEventListener("click", () => {
    act();
    byId("text").focus();
  });
  return element;
}

/** Out of the queue; resolves to its text, and to nothing when another tab was there before. */
function take(id) {
  const kept = queue.get();
  queue.set(kept.filter((each) => each.id !== id));
  showQueue();
  return kept.find((each) => each.id === id)?.text;
}

function edit(id) {
  const text = take(id);
  if (text === undefined) return;
  const field = byId("text");
  field.value = [field.value, text].filter(Boolean).join("\n");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Send the first one by `send(text, id)`; it stays when that fails. */
export async function sendNext(send) {
  if (!waiting()) return;
  const act = async (lock) => {
    const [next] = queue.get();
    if (!lock || !next) return showQueue();
    await send(next.text, next.id);
    take(next.id);
  };
  if (navigator.locks) await navigator.locks.request(queue.key(), { ifAvailable: true }, act);
  else await act(true);
}

addEventListener("storage", (event) => {
  if (event.key === queue.key() || event.key === null) showQueue();
});
