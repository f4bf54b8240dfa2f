// Buttons that copy the text of the element they name. Without https a browser keeps its clipboard to itself.

import { acknowledge } from "./page.js";

for (const button of document.querySelectorAll("[data-copies]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    acknowledge(button, button.dataset.copied);
  });
}
