// Rendered text as it comes and grows, and what the script adds to it: a button that copies a code block.

import { words } from "./page.js";

// where the rows of a table, the lines of some code, the items of a list, the words of a paragraph go
const inside = (tail) => tail.querySelector(":scope > .table tbody, :scope > .code code") ?? tail.firstElementChild;
const rests = new WeakMap(); // what may still change in there, by its tail: two answers may grow at once

/** Show an update of an answer under way (chat/events.py) in its two parts. */
export function update(closed, tail, event) {
  closed.insertAdjacentHTML("beforeend", event.closed);
  if (event.closed) equip(closed);
  if (event.tail !== null) tail.innerHTML = event.tail;
  for (const node of rests.get(tail) ?? []) node.remove();
  rests.delete(tail);
  const frame = inside(tail);
  if (!frame || !(event.more || event.rest)) return;
  frame.insertAdjacentHTML("beforeend", event.more);
  const count = frame.childNodes.length;
  frame.insertAdjacentHTML("beforeend", event.rest);
  rests.set(tail, [...frame.childNodes].slice(count));
}

/** Give the code blocks below an element their buttons, once. */
export function equip(root) {
  if (!navigator.clipboard || !root) return;
  for (const head of root.querySelectorAll(".code-head:not(:has(button))")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "code-copy";
    button.textContent = words.copy;
    button.addEventListener("click", () => copy(button));
    head.append(button);
  }
}

async function copy(button) {
  await navigator.clipboard.writeText(button.closest(".code").querySelector("code").textContent);
  button.textContent = words.copied;
  document.getElementById("announce").textContent = words.copied;
  setTimeout(() => (button.textContent = words.copy), 1500);
}
