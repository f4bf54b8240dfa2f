// Ask two models at once: a switch beside the model shows where to choose the second one.

import { byId } from "./page.js";

const button = byId("compare");
const composer = byId("composer");
const model = composer.querySelector("select[name=model]");
const beside = composer.querySelector("select[name=beside]");

function compare(on) {
  button.setAttribute("aria-pressed", String(on));
  composer.classList.toggle("comparing", on);
  const other = [...beside.options].find(({ value }) => value && value !== model.value);
  beside.value = on ? other.value : "";
}

if (button) {
  button.hidden = false;
  beside.options[0].hidden = true;
  compare(false);
  button.addEventListener("click", () => compare(button.getAttribute("aria-pressed") !== "true"));
}
