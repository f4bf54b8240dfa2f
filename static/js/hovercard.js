// What a citation leads to, and why a sentence is in doubt, shown while the pointer or the focus is on it.

import { byId } from "./page.js";

const DELAY = 200; // milliseconds
const TOLD = ".citation, .doubt-sign";
const messages = byId("messages");
const card = document.createElement("div");
card.className = "hovercard";
card.popover = "manual";
card.setAttribute("aria-hidden", "true"); // the link says the same to a screen reader
document.body.append(card);
let timer = 0;
let shown = null;

for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  messages.addEventListener(on, (event) => {
    const link = event.target.closest?.(TOLD);
    if (!link || event.pointerType === "touch") return;
    if (on === "focusin" && link.matches("a:not(:focus-visible)")) return;
    clearTimeout(timer);
    timer = setTimeout(show, on === "focusin" ? 0 : DELAY, link);
  });
  messages.addEventListener(off, (event) => {
    if (event.target.closest?.(TOLD)) later();
  });
}
card.addEventListener("pointerover", () => clearTimeout(timer));
card.addEventListener("pointerout", later);
document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
byId("scroll").addEventListener("scroll", follow, { passive: true });
messages.addEventListener("click", (event) => event.target.closest("a") && hide());

/** Who comes by keyboard has it scrolled into view: the card goes along. */
function follow() {
  if (shown && shown === document.activeElement) place(shown.getBoundingClientRect());
  else if (shown) hide();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(hide, DELAY);
}

function show(link) {
  hide();
  const address = link.getAttribute("href");
  const entry = [...link.closest("article").querySelectorAll(".sources li, .searched li")].find(
    (item) => address && item.querySelector("a").getAttribute("href") === address,
  );
  const title = document.createElement(address ? "strong" : "span");
  title.textContent = link.title;
  const words = document.createElement("span");
  words.textContent = entry?.querySelector(".excerpt").textContent ?? "";
  card.replaceChildren(title, words);
  shown = link;
  link.dataset.title = link.title;
  link.removeAttribute("title"); // else the browser shows it once more
  card.showPopover();
  place(link.getBoundingClientRect());
}

function place(link) {
  const { width, height } = card.getBoundingClientRect();
  const left = Math.min(Math.max(8, link.left + link.width / 2 - width / 2), innerWidth - width - 8);
  const above = link.top - height - 6;
  card.style.left = `${left}px`;
  card.style.top = `${above > 8 ? above : link.bottom + 6}px`;
}

function hide() {
  clearTimeout(timer);
  if (!shown) return;
  shown.title = shown.dataset.title;
  delete shown.dataset.title;
  shown = null;
  card.hidePopover();
}
