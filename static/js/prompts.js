// `/` in a message: prompts of the library. One with places to fill in asks for them first.

import { byId, words } from "./page.js";
import { suggest } from "./suggestions.js";

const field = byId("text");
const composer = byId("composer");

async function asked(address) {
  const response = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
  return response?.ok ? response.json() : null;
}

async function find(query) {
  const found = await asked(`${composer.dataset.prompts}?${new URLSearchParams({ q: query })}`);
  return (found?.prompts ?? []).map((prompt) => ({
    title: prompt.title,
    more: [prompt.by, prompt.begins].filter(Boolean).join(" · "),
    take: () => use(prompt.url),
  }));
}

async function use(url) {
  const prompt = await asked(url);
  if (!prompt) return;
  if (prompt.variables.length) fillIn(prompt);
  else insert(filled(prompt, {}));
}

const filled = (prompt, values) => prompt.parts.map((part) => part.text ?? values[part.variable] ?? "").join("");

function insert(text) {
  field.focus();
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.scrollTop = field.scrollHeight;
}

function fillIn(prompt) {
  const dialog = document.createElement("dialog");
  dialog.className = "card filling";
  const form = document.createElement("form");
  form.method = "dialog";
  const title = document.createElement("h2");
  title.id = "filling-title";
  title.textContent = prompt.title;
  dialog.setAttribute("aria-labelledby", title.id);
  const inputs = prompt.variables.map(input);
  const actions = document.createElement("div");
  actions.className = "actions";
  actions.append(action(words.insert, "button button-primary", "insert"), action(words.cancel, "button", "cancel"));
  form.append(title, ...inputs.map(({ row }) => row), actions);
  dialog.append(form);
  dialog.addEventListener("close", () => {
    dialog.remove();
    field.focus();
    if (dialog.returnValue !== "insert") return;
    insert(filled(prompt, Object.fromEntries(inputs.map(({ name, control }) => [name, control.value]))));
  });
  document.body.append(dialog);
  dialog.showModal();
  inputs[0].control.focus();
}

function action(text, className, value) {
  const button = document.createElement("button");
  button.className = className;
  button.value = value;
  button.textContent = text;
  if (value === "cancel") button.formNoValidate = true;
  return button;
}

function input(variable, number) {
  const row = document.createElement("div");
  row.className = "field";
  const label = document.createElement("label");
  label.htmlFor = `filling-${number}`;
  label.textContent = variable.name;
  const control = document.createElement(variable.choices.length ? "select" : "input");
  control.id = label.htmlFor;
  for (const choice of variable.choices) control.append(new Option(choice));
  if (!variable.choices.length) {
    control.value = variable.default;
    control.autocomplete = "off";
    control.dir = "auto";
  }
  row.append(label, control);
  return { row, control, name: variable.name };
}

// a prompt that was chosen on its page: what the server put into the field is for browsers without script
if (composer.dataset.prompt) {
  const address = new URL(location.href);
  address.searchParams.delete("prompt");
  history.replaceState(null, "", address);
  field.value = "";
  use(composer.dataset.prompt);
}

suggest("/", { find, label: words.prompts, none: words.noPrompts });
