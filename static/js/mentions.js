// `@` in a message: collections to answer from. They stand above the field, in step with the list under “Knowledge”.

import { byId, words } from "./page.js";
import { suggest } from "./suggestions.js";

const composer = byId("composer");
const chips = byId("knowledge");
const MOST = 30;

const boxes = () => [...composer.querySelectorAll("[name=collections]")];
const nameOf = (box) => box.closest("label").querySelector("[data-name]").textContent;

async function find(query) {
  const wanted = query.toLocaleLowerCase();
  const fitting = boxes().filter((box) => !box.checked && nameOf(box).toLocaleLowerCase().includes(wanted));
  return fitting.slice(0, MOST).map((box) => ({ title: nameOf(box), more: "", take: () => set(box, true) }));
}

function set(box, checked) {
  box.checked = checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

function chip(box) {
  const item = document.createElement("li");
  item.className = "chip";
  const name = document.createElement("span");
  name.className = "chip-name";
  name.textContent = nameOf(box);
  const remove = document.createElement("button");
  remove.type = "button";
  remove.textContent = "×";
  remove.setAttribute("aria-label", `${words.remove}: ${name.textContent}`);
  remove.addEventListener("click", () => {
    set(box, false);
    byId("text").focus();
  });
  item.append(name, remove);
  return item;
}

function show() {
  const chosen = boxes().filter((box) => box.checked);
  chips.replaceChildren(...chosen.map(chip));
  chips.hidden = !chosen.length;
}

composer.addEventListener("change", ({ target }) => target.name === "collections" && show());
show();
if (boxes().length) suggest("@", { find, label: words.collections, none: words.noCollections });
