// Files of this conversation: chosen, dropped or pasted; uploaded one by one; a chip tells how far each one is.

import { byId, post, words } from "./page.js";

const POLL_EVERY = 700; // milliseconds
const chips = byId("chips");
const composer = byId("composer");
let uploading = 0;

const changed = () => document.dispatchEvent(new Event("attachments-changed"));
const isPending = (chip) => !["ready", "failed"].includes(chip.dataset.status);

export const pending = () => uploading > 0 || [...chips.children].some(isPending);

function makeChip(name) {
  const chip = document.createElement("li");
  chip.className = "chip";
  chip.dataset.status = "uploading";
  for (const [kind, text] of [["name", name], ["state", words.uploading]]) {
    const span = document.createElement("span");
    span.className = `chip-${kind}`;
    span.textContent = text;
    chip.append(span, " ");
  }
  chips.append(chip);
  chips.hidden = false;
  return chip;
}

function setState(chip, status, text) {
  chip.dataset.status = status;
  chip.querySelector(".chip-state").textContent = text;
  changed();
}

function addRemove(chip) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "×";
  button.setAttribute("aria-label", `${words.remove}: ${chip.querySelector(".chip-name").textContent}`);
  button.addEventListener("click", async () => {
    if (chip.dataset.detachUrl) await post(chip.dataset.detachUrl);
    chip.remove();
    chips.hidden = !chips.children.length;
    changed();
    byId("text").focus();
  });
  chip.append(button);
}

async function watch(chip) {
  while (chip.isConnected && isPending(chip)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_EVERY));
    const response = await fetch(chip.dataset.statusUrl).catch(() => null);
    if (!response?.ok) continue;
    const state = await response.json();
    const share = state.total ? ` ${Math.round((100 * state.done) / state.total)} %` : "";
    setState(chip, state.status, state.reason || state.label + (state.status === "ready" ? "" : share));
  }
}

async function upload(file, conversationUrl) {
  const chip = makeChip(file.name);
  const body = new FormData();
  body.append("files", file);
  uploading += 1;
  changed();
  try {
    const { documents } = await post(`${await conversationUrl()}files/`, body);
    chip.dataset.statusUrl = documents[0].status_url;
    chip.dataset.detachUrl = documents[0].detach_url;
    setState(chip, documents[0].status, words.reading);
    watch(chip);
  } catch (error) {
    setState(chip, "failed", error.message);
  } finally {
    uploading -= 1;
    changed();
  }
  addRemove(chip);
}

/** `conversationUrl` resolves to the address of the conversation, which is made when there is none yet. */
export function acceptFiles(conversationUrl) {
  const take = async (files) => {
    for (const file of files) await upload(file, conversationUrl);
  };
  for (const chip of chips.children) {
    addRemove(chip);
    watch(chip);
  }
  byId("attach").hidden = false;
  byId("attach").addEventListener("click", () => byId("files").click());
  byId("files").addEventListener("change", ({ target }) => {
    const files = [...target.files];
    target.value = "";
    take(files);
  });
  byId("text").addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    take([...event.clipboardData.files]);
  });
  const main = document.querySelector("main");
  main.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    composer.classList.add("dropping");
  });
  main.addEventListener("dragleave", () => composer.classList.remove("dropping"));
  main.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    composer.classList.remove("dropping");
    take([...event.dataTransfer.files]);
  });
}
