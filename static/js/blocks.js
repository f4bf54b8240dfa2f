// What the script adds to rendered text: a button that copies a code block.

import { words } from "./page.js";

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
