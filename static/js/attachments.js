// Files of this conversation: chosen, dropped or pasted; uploaded one by one; a chip tells how far each one is, and takes
// it back at any time.

import { byId, post, upload as send, words } from "./page.js";

const POLL_EVERY = 700; // milliseconds
const chips = byId("chips");
const composer = byId("composer");
let uploading = 0;

const changed = () => document.dispatchEvent(new Event("attachments-changed"));
const isPending = (chip) => ["uploading", "queued", "parsing", "embedding"].includes(chip.dataset.status);

export const pending = () => uploading > 0 || [...chips.children].some(isPending);

function aborter() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

function makeChip(name) {
  const chip = document.createElement("li");
  chip.className = "chip";
  chip.dataset.status = "uploading";
  for (const [kind, text] of [["name", name], ["state", words.waiting]]) {
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

function tell(chip, state) {
  const share = state.is_unfinished && state.total ? ` ${Math.round((100 * state.done) / state.total)} %` : "";
  setState(chip, state.status, state.reason || state.label + share);
}

function addRemove(chip, abort = () => {}) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "×";
  button.setAttribute("aria-label", `${words.remove}: ${chip.querySelector(".chip-name").textContent}`);
  button.addEventListener("click", async () => {
    abort();
    button.disabled = true;
    try {
      if (chip.dataset.detachUrl) await post(chip.dataset.detachUrl);
    } catch (error) {
      button.disabled = false;
      return setState(chip, "failed", error.message);
    }
    for (const copy of chips.querySelectorAll(`[data-copy-of="${chip.dataset.statusUrl}"]`)) copy.remove();
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
    if (response?.ok) tell(chip, await response.json());
  }
}

/** The file is here already: one chip is enough to take it back, and an earlier failure is read again. */
function repeat(chip, earlier, state) {
  const wasPending = isPending(earlier);
  tell(earlier, state);
  if (!wasPending) watch(earlier);
  setState(chip, "ready", `${words.already} ${state.name}`);
  chip.dataset.copyOf = state.status_url;
}

async function upload({ file, chip, signal }, conversationUrl) {
  const body = new FormData();
  body.append("files", file);
  const sent = (share) => setState(chip, "uploading", `${words.uploading} ${Math.round(100 * share)} %`);
  try {
    sent(0);
    const { documents: [state] } = await send(`${await conversationUrl()}files/`, body, sent, signal);
    const earlier = [...chips.children].find((other) => other.dataset.statusUrl === state.status_url);
    if (earlier) return repeat(chip, earlier, state);
    chip.dataset.statusUrl = state.status_url;
    chip.dataset.detachUrl = state.detach_url;
    if (signal.aborted) return await post(chip.dataset.detachUrl); // it arrived in the moment in which it was taken back
    tell(chip, state);
    watch(chip);
  } catch (error) {
    if (!signal.aborted) setState(chip, "failed", error.message);
  }
}

/** `conversationUrl` resolves to the address of the conversation, which is made when there is none yet. */
export function acceptFiles(conversationUrl) {
  let before = Promise.resolve(); // those of an earlier drop come first
  const take = (files) => {
    for (const file of files) {
      const [chip, { signal, abort }] = [makeChip(file.name), aborter()];
      addRemove(chip, abort);
      uploading += 1;
      before = before.then(() => signal.aborted || upload({ file, chip, signal }, conversationUrl)).finally(() => {
        uploading -= 1;
        changed();
      });
    }
    changed();
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
    // a table or a text out of an office program brings a picture of itself along
    const isText = event.clipboardData.getData("text/html") && event.clipboardData.getData("text/plain");
    if (!event.clipboardData.files.length || isText) return;
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
