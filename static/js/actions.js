// What can be done with a message: the row of actions below it, and the editor in its place.

import { goTo, place, turn } from "./branches.js";
import { byId, post, refuse } from "./page.js";
import { attach, stayAtEnd } from "./stream.js";

const messages = byId("messages");
const JSON_PLEASE = { headers: { Accept: "application/json" } };
const changed = () => document.dispatchEvent(new Event("messages-changed"));

/** Show an answer that begins because somebody asked for it here. */
export function begin({ html, parent, url }) {
  const first = html.match(/id="(m-[^"]+)"/)?.[1];
  if (!place(html, parent, true) && !byId(first)) return location.assign(url);
  changed();
  stayAtEnd(true);
  attach();
}

const acts = {
  again: (button, body) => post(button.formAction, body).then(begin),
  continue: (button) => post(button.formAction).then(begin),
  take: (button) => post(button.formAction).then(({ message }) => goTo(message)),
  fork: (button) => post(button.formAction).then(({ url }) => location.assign(url)),
  opinion: (button, body) => judge(button.closest("article"), button.formAction, body),
};

export async function act(button) {
  if (button.getAttribute("aria-busy") === "true") return;
  const body = new FormData();
  if (button.name) body.set(button.name, button.value);
  if (button.closest(".other-models")?.querySelector("[name=beside]")?.checked) body.set("beside", "1");
  button.setAttribute("aria-busy", "true");
  refuse();
  try {
    await acts[button.dataset.act](button, body);
  } catch (error) {
    refuse(error.message);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

// --- an opinion -------------------------------------------------------------------------------------------------

async function judge(article, address, body) {
  const { html } = await post(address, body);
  const focused = document.activeElement?.getAttribute("aria-label");
  article.querySelector(".opinion")?.remove();
  article.querySelector(".message-tools").outerHTML = html;
  changed();
  const opinion = article.querySelector(".opinion");
  if (opinion && !body.has("reason") && !body.has("words")) opinion.open = true;
  const again = [...article.querySelectorAll(".thumbs button")].find((button) => button.ariaLabel === focused);
  (again ?? opinion?.querySelector("summary"))?.focus({ preventScroll: true });
  if (opinion?.open) opinion.scrollIntoView({ block: "nearest" });
}

// --- the editor -------------------------------------------------------------------------------------------------

async function edit(link) {
  const response = await fetch(link.href, JSON_PLEASE).catch(() => null);
  if (!response?.ok) return location.assign(link.href);
  close();
  const article = link.closest("article");
  article.querySelector(".message-tools").insertAdjacentHTML("beforebegin", (await response.json()).html);
  article.classList.add("editing");
  const text = article.querySelector("[data-edit-form] textarea");
  text.focus();
  text.setSelectionRange(text.value.length, text.value.length);
  article.scrollIntoView({ block: "nearest" });
}

function close() {
  const form = messages.querySelector("[data-edit-form]");
  const article = form?.closest("article");
  if (!article) return;
  form.remove();
  article.classList.remove("editing");
  article.querySelector(".message-tools > [data-edit], .more > summary")?.focus({ preventScroll: true });
}

async function save(form) {
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  refuse();
  try {
    const answer = await post(form.action, new FormData(form));
    close();
    if (answer.html) begin(answer);
    else await goTo(answer.message);
  } catch (error) {
    refuse(error.message);
  } finally {
    form.removeAttribute("aria-busy");
  }
}

// --- the menu ---------------------------------------------------------------------------------------------------

/** Whether both answers are wanted side by side: offered where the chat ends. */
function besideSwitch(words) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "checkbox", name: "beside" });
  label.append(input, ` ${words}`);
  return label;
}

/** The models of the composer, in the place of the link to the page that lists them. */
function listModels(link) {
  const options = byId("composer").querySelectorAll("select[name=model] option:not([data-assistant])");
  const buttons = [...options].map(({ value }) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "submit", name: "with", value, textContent: value });
    button.setAttribute("form", "composer");
    button.setAttribute("formaction", link.pathname);
    button.dataset.act = "again";
    return button;
  });
  const group = document.createElement("div");
  group.className = "other-models";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", link.textContent.trim());
  if (link.closest("article") === [...messages.querySelectorAll("article")].at(-1)) group.append(besideSwitch(link.dataset.beside));
  group.append(...buttons);
  link.after(group);
  link.hidden = true; // not removed: a click on what is gone counts as one beside the menu
  buttons[0]?.focus();
}

messages.addEventListener("toggle", ({ target }) => {
  if (!target.matches(".more") || !target.open) return;
  const { bottom } = target.querySelector(".more-panel").getBoundingClientRect();
  target.classList.toggle("more-up", bottom > byId("scroll").getBoundingClientRect().bottom);
}, true);

messages.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (!link.matches("[data-version], [data-edit], [data-models], [data-cancel]")) return;
  event.preventDefault();
  if (link.matches("[data-version]")) turn(link).catch((error) => refuse(error.message));
  else if (link.matches("[data-edit]")) edit(link);
  else if (link.matches("[data-models]")) listModels(link);
  else close();
});

messages.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-edit-form], [data-opinion]")) return;
  event.preventDefault();
  if (form.matches("[data-edit-form]")) save(form);
  else judge(form.closest("article"), form.action, new FormData(form)).catch((error) => refuse(error.message));
});

messages.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (target.matches("[data-edit-form] textarea")) {
    if (key === "Escape") close();
    else if (key === "Enter" && (event.ctrlKey || event.metaKey)) save(target.form);
  } else if (target.closest(".versions") && (key === "ArrowLeft" || key === "ArrowRight")) {
    const links = [...target.closest(".versions").querySelectorAll("a")];
    const wanted = links.find((link) => Boolean(link.nextElementSibling) === (key === "ArrowLeft"));
    if (wanted) turn(wanted).catch((error) => refuse(error.message));
  }
});
