// The models as a list that says what each one is. It stands for the select, which keeps the value and is what there is
// without script. Keys as in any list that a button opens: arrows, Home, End, letters, Enter, Escape.

const TYPED_FOR = 700; // milliseconds
const picker = document.querySelector("[data-model-picker]");
const select = picker?.querySelector("select");
const button = picker?.querySelector("button");
const list = picker?.querySelector("[role=listbox]");
const options = picker ? [...list.querySelectorAll("[role=option]")] : [];
let active = 0;
let typed = "";
let typedAt = 0;

const isOpen = () => !list.hidden;
const chosen = () => Math.max(0, options.findIndex((option) => option.dataset.value === select.value));

function show() {
  for (const option of options) option.setAttribute("aria-selected", String(option.dataset.value === select.value));
  picker.querySelector("#model-chosen").textContent = options[chosen()]?.dataset.label ?? "";
}

function go(number) {
  active = Math.min(Math.max(number, 0), options.length - 1);
  for (const [i, option] of options.entries()) option.classList.toggle("is-active", i === active);
  button.setAttribute("aria-activedescendant", options[active].id);
  options[active].scrollIntoView({ block: "nearest" });
}

function open() {
  list.hidden = false;
  button.setAttribute("aria-expanded", "true");
  go(chosen());
}

function close() {
  list.hidden = true;
  button.setAttribute("aria-expanded", "false");
  button.removeAttribute("aria-activedescendant");
}

function choose(number) {
  close();
  if (select.value === options[number].dataset.value) return;
  select.value = options[number].dataset.value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

function find(letter) {
  typed = Date.now() - typedAt > TYPED_FOR ? letter : typed + letter;
  typedAt = Date.now();
  const fits = (option) => option.dataset.label.toLocaleLowerCase().startsWith(typed.toLocaleLowerCase());
  const from = typed.length > 1 ? active : active + 1;
  const found = [...options.slice(from), ...options.slice(0, from)].find(fits);
  if (found) go(options.indexOf(found));
}

const KEYS = {
  ArrowDown: () => go(active + 1),
  ArrowUp: () => go(active - 1),
  PageDown: () => go(active + 5),
  PageUp: () => go(active - 5),
  Home: () => go(0),
  End: () => go(options.length - 1),
  Enter: () => choose(active),
  " ": () => choose(active),
  Escape: close,
};

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!isOpen()) {
    if (!["ArrowDown", "ArrowUp", "Enter", " "].includes(event.key)) return;
    event.preventDefault();
    return open();
  }
  if (event.key === "Tab") return choose(active);
  if (KEYS[event.key]) KEYS[event.key]();
  else if (event.key.length === 1) find(event.key);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function equip() {
  select.classList.add("visually-hidden");
  select.tabIndex = -1;
  select.setAttribute("aria-hidden", "true");
  button.hidden = false;
  button.addEventListener("keydown", press);
  button.addEventListener("click", () => (isOpen() ? close() : open()));
  button.addEventListener("blur", close);
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the focus stays with the button
    const option = event.target.closest("[role=option]");
    if (option) choose(options.indexOf(option));
  });
  select.addEventListener("change", show);
  show();
}

if (options.length) equip();
