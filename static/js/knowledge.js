// Uploads with progress, and live states of documents.

const POLL = 2000; // milliseconds
const UNFINISHED = ["queued", "parsing", "embedding"];

const form = document.getElementById("upload");
const waiting = document.querySelector("[data-refresh]");
let timer = 0;

if (form) {
  form.querySelector("button[type=submit]").hidden = true; // choosing is enough
  const chosen = () => sendAll([...form.elements.files.files]);
  form.elements.files.addEventListener("change", chosen);
  if (form.elements.files.files.length) chosen(); // before this script was there
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) form.addEventListener(name, drag);
}
watch();
if (waiting && UNFINISHED.includes(waiting.dataset.status)) setTimeout(refresh, POLL);

function drag(event) {
  event.preventDefault();
  form.classList.toggle("is-over", event.type === "dragenter" || event.type === "dragover");
  if (event.type === "drop") sendAll([...event.dataTransfer.files]);
}

async function sendAll(files) {
  for (const file of files) await send(file);
  form.reset();
  await showList();
}

// The list as the server renders it, in place of the one that is shown.
async function showList() {
  const response = await fetch(location.href).catch(() => null);
  if (!response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  document.getElementById("document-list").replaceWith(page.getElementById("document-list"));
  watch();
}

function send(file) {
  const chip = addChip(file.name);
  const body = new FormData();
  body.append("files", file);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => {
    chip.bar.max = event.total;
    chip.bar.value = event.loaded;
  });
  return new Promise((resolve) => {
    request.addEventListener("loadend", () => resolve(finish(chip, request.response)));
    request.send(body);
  });
}

function addChip(name) {
  const item = document.createElement("li");
  const text = document.createElement("span");
  const bar = document.createElement("progress");
  bar.className = "progress";
  bar.setAttribute("aria-label", name);
  text.textContent = `${name}: ${form.dataset.waiting}`;
  item.append(text, bar);
  document.getElementById("uploads").append(item);
  return { item, text, bar, name };
}

function finish(chip, answer) {
  const sent = answer?.documents?.[0];
  chip.bar.remove();
  chip.item.classList.toggle("is-refused", !sent);
  const reason = answer?.refused?.[0]?.message ?? answer?.message ?? form.dataset.failed;
  const state = sent ? (sent.already_there ? form.dataset.known : form.dataset.sent) : reason;
  chip.text.textContent = `${chip.name}: ${state}`;
}

function watch() {
  const rows = [...document.querySelectorAll("#documents [data-document]")];
  clearTimeout(timer);
  if (rows.some((row) => UNFINISHED.includes(row.dataset.status))) timer = setTimeout(poll, POLL);
}

async function poll() {
  const answer = await fetchJson(document.getElementById("documents").dataset.statusUrl);
  for (const state of answer?.documents ?? []) show(state);
  watch();
}

function show(state) {
  const row = document.querySelector(`#documents [data-document="${state.id}"]`);
  if (!row) return;
  const part = (name) => row.querySelector(`[data-part="${name}"]`);
  const isUnfinished = UNFINISHED.includes(state.status);
  if (row.dataset.status !== state.status && !isUnfinished) {
    document.getElementById("announcements").textContent = `${state.name}: ${state.label}. ${state.reason}`;
  }
  row.dataset.status = state.status;
  part("label").textContent = state.label;
  part("label").classList.toggle("badge-ok", state.status === "ready");
  part("label").classList.toggle("badge-danger", state.status === "failed");
  part("reason").textContent = state.reason;
  part("progress").hidden = !isUnfinished;
  part("progress").max = state.total || 1;
  part("progress").value = state.done;
  if (part("retry")) part("retry").hidden = state.status !== "failed";
}

async function refresh() {
  const state = await fetchJson(waiting.dataset.refresh);
  if (state && state.status !== waiting.dataset.status) location.reload();
  else setTimeout(refresh, POLL);
}

async function fetchJson(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // the network is away for a moment; the next poll tells
  }
}
