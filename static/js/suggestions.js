// Suggestions while typing: a sign in the message's field opens a list that the arrows go through and Enter takes from.
// The focus stays in the field, which says by `aria-activedescendant` which one is meant.

import { byId } from "./page.js";

const field = byId("text");
const list = byId("suggestions");
const LONGEST = 40; // characters behind the sign
const sources = new Map(); // sign → {find(query): Promise<[{title, more, take()}]>, label, none}
let open; // {sign, from, items}
let active = -1;
let asked = 0;

/** `find` tells what fits a query: objects with `title`, `more` and `take`. */
export function suggest(sign, source) {
  sources.set(sign, source);
}

/** The sign and what stands behind it, where the caret is: `{sign, query, from}`. */
function typed() {
  if (field.selectionStart !== field.selectionEnd) return null;
  const before = field.value.slice(0, field.selectionStart);
  const found = /(?:^|\s)([/@])([^\s/@]*(?: [^\s/@]+)*)$/u.exec(before);
  if (!found || found[2].length > LONGEST || !sources.has(found[1])) return null;
  return { sign: found[1], query: found[2], from: before.length - found[2].length - 1 };
}

async function update() {
  const found = typed();
  const number = ++asked;
  if (!found) return close();
  const source = sources.get(found.sign);
  const items = await source.find(found.query);
  if (number !== asked) return;
  // what fits nothing is text, unless the sign stands alone
  if (!items.length && found.query) return close();
  open = { ...found, items };
  list.setAttribute("aria-label", source.label);
  list.replaceChildren(...(items.length ? items.map(option) : [hint(source.none)]));
  list.hidden = false;
  field.setAttribute("aria-controls", list.id);
  go(items.length ? 0 : -1);
}

function hint(text) {
  const element = document.createElement("p");
  element.setAttribute("role", "option");
  element.setAttribute("aria-disabled", "true");
  element.textContent = text;
  return element;
}

function option(item, number) {
  const element = document.createElement("div");
  element.className = "suggestion";
  element.id = `suggestion-${number}`;
  element.setAttribute("role", "option");
  for (const [className, text] of [["", item.title], ["suggestion-more", item.more]]) {
    if (!text) continue;
    const span = document.createElement("span");
    span.className = className;
    span.textContent = text;
    element.append(span);
  }
  element.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the focus stays where it is
    choose(number);
  });
  return element;
}

function go(number) {
  const options = [...list.querySelectorAll(".suggestion")];
  active = options.length ? (number + options.length) % options.length : -1;
  for (const [i, element] of options.entries()) {
    element.classList.toggle("is-active", i === active);
    element.setAttribute("aria-selected", String(i === active));
  }
  options[active]?.scrollIntoView({ block: "nearest" });
  if (active < 0) field.removeAttribute("aria-activedescendant");
  else field.setAttribute("aria-activedescendant", options[active].id);
}

function close() {
  asked += 1;
  open = undefined;
  list.hidden = true;
  field.removeAttribute("aria-activedescendant");
  field.removeAttribute("aria-controls");
}

/** Take one: the sign and what was typed behind it go. */
function choose(number) {
  const { items, from } = open;
  const end = field.selectionStart;
  const isStill = typed()?.from === from; // the caret may have gone elsewhere
  close();
  if (!isStill) return;
  field.setRangeText("", from, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  items[number].take();
}

const KEYS = {
  ArrowDown: () => go(active + 1),
  ArrowUp: () => go(active - 1),
  Enter: () => choose(active),
  Tab: () => choose(active),
};

// before what sends the message: both listen on the same element, and this one is asked first
field.addEventListener(
  "keydown",
  (event) => {
    if (!open || event.isComposing || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopImmediatePropagation();
      return close();
    }
    if (!KEYS[event.key] || active < 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    KEYS[event.key]();
  },
  { capture: true },
);
field.addEventListener("input", (event) => event.isTrusted && update());
field.addEventListener("blur", close);
