// Files and whole folders on their way into a collection: a few at a time, each with its progress, all of them together.

import { showList } from "./knowledge.js";

const AT_ONCE = 3;
const MOST = 2000; // files a batch
const TRIES = 3;
const LARGE = 5 * 1024 * 1024; // bytes
const SHOW_EVERY = 3000; // milliseconds between two looks at the list
const PASSING = [0, 502, 503, 504]; // statuses after which a file is sent again

const byId = (id) => document.getElementById(id);
const form = byId("upload");
const words = form.dataset;
const inputs = [byId("files"), byId("folder")];
const batch = { waiting: [], running: new Map(), count: 0, sent: 0, bytes: 0, sentBytes: 0, cancelled: false };
const tally = { added: 0, known: 0, refused: 0 };
let lastShown = 0;

form.querySelector("button[type=submit]").hidden = true; // choosing is enough
for (const input of inputs) {
  input.addEventListener("change", () => take(chosen(input)));
  if (input.files.length) take(chosen(input)); // before this script was there
}
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) form.addEventListener(name, drag);
byId("batch-cancel").addEventListener("click", cancel);
addEventListener("beforeunload", (event) => {
  if (batch.running.size) event.preventDefault();
});

function chosen(input) {
  const files = [...input.files].map((file) => ({ file, folder: folderOf(file.webkitRelativePath) }));
  input.value = "";
  return files;
}

function folderOf(path) {
  return path.split("/").slice(0, -1).join("/");
}

// Finder's and Explorer's own files, and the locks of open documents
function isOurs({ file }) {
  return !/^(\.|~\$|thumbs\.db$|desktop\.ini$)/i.test(file.name);
}

async function drag(event) {
  event.preventDefault();
  form.classList.toggle("is-over", event.type === "dragenter" || event.type === "dragover");
  if (event.type !== "drop") return;
  // the entries have to be taken at once: later they are gone
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [...event.dataTransfer.files].map((file) => ({ file, folder: "" }));
  take(entries.length ? (await Promise.all(entries.map((entry) => within(entry, "")))).flat() : files);
}

async function within(entry, folder) {
  if (entry.isFile) {
    const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
    return file ? [{ file, folder }] : [];
  }
  const reader = entry.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) break; // a browser hands out a hundred at a time
    entries.push(...some);
  }
  const path = folder ? `${folder}/${entry.name}` : entry.name;
  return (await Promise.all(entries.map((each) => within(each, path)))).flat();
}

function take(found) {
  const files = found.filter(isOurs);
  if (!files.length) return;
  if (!batch.running.size && !batch.waiting.length) begin();
  if (batch.count + files.length > MOST) {
    tell(words.many);
    return;
  }
  batch.count += files.length;
  for (const one of files) {
    batch.bytes += one.file.size;
    batch.waiting.push({ ...one, name: one.folder ? `${one.folder}/${one.file.name}` : one.file.name });
  }
  while (batch.running.size < AT_ONCE && batch.waiting.length) next();
}

function begin() {
  Object.assign(batch, { count: 0, sent: 0, bytes: 0, sentBytes: 0, cancelled: false });
  Object.assign(tally, { added: 0, known: 0, refused: 0 });
  byId("uploads").replaceChildren();
  byId("batch").hidden = false;
  byId("batch-cancel").hidden = byId("batch-progress").hidden = false;
}

async function next() {
  const one = batch.waiting.shift();
  if (!one) return batch.running.size || end();
  const item = addItem(one);
  batch.running.set(one, null);
  finish(one, item, refusalOf(one) ?? (await send(one, item)));
  batch.running.delete(one);
  batch.sent += 1;
  batch.sentBytes += one.file.size;
  showProgress();
  if (Date.now() - lastShown > SHOW_EVERY) {
    lastShown = Date.now();
    showList();
  }
  next();
}

/** What the server would say after the whole of a large file had been sent; of others it knows better why. */
function refusalOf({ file }) {
  const suffix = file.name.slice(file.name.lastIndexOf(".")).toLowerCase();
  if (file.size > LARGE && !words.accept.split(",").includes(suffix)) return { message: words.notAllowed };
  return file.size > Number(words.largest) ? { message: words.tooLarge } : null;
}

async function send(one, item) {
  for (let attempt = 1; ; attempt += 1) {
    const { status, answer } = await post(one, item);
    if (batch.cancelled || !PASSING.includes(status) || attempt === TRIES) return answer;
    await new Promise((resolve) => setTimeout(resolve, 1000 * attempt));
  }
}

function post(one, item) {
  const body = new FormData();
  body.append("files", one.file, one.file.name);
  body.append("folder", one.folder);
  const request = new XMLHttpRequest();
  batch.running.set(one, request);
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
  request.responseType = "json";
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    item.bar.max = total || 1;
    item.bar.value = loaded;
    showProgress(loaded);
  });
  return new Promise((resolve) => {
    request.addEventListener("loadend", () => resolve({ status: request.status, answer: request.response }));
    request.send(body);
  });
}

function addItem(one) {
  const element = document.createElement("li");
  const text = document.createElement("span");
  const bar = document.createElement("progress");
  bar.className = "progress";
  bar.value = 0;
  bar.setAttribute("aria-label", one.name);
  text.textContent = one.name;
  element.append(text, bar);
  byId("uploads").append(element);
  return { element, text, bar };
}

// What is in the list of documents now needs no line here; what is not there says why.
function finish(one, item, answer) {
  const sent = answer?.documents?.[0];
  item.bar.remove();
  if (sent && !sent.already_there) {
    tally.added += 1;
    item.element.remove();
    return;
  }
  tally[sent ? "known" : "refused"] += 1;
  item.element.classList.toggle("is-refused", !sent);
  const failed = batch.cancelled ? words.cancelled : words.failed;
  const reason = sent ? words.known : (answer?.refused?.[0]?.message ?? answer?.message ?? failed);
  item.text.textContent = `${one.name}: ${reason}`;
}

function showProgress(loaded = 0) {
  byId("batch-progress").max = batch.bytes || 1;
  byId("batch-progress").value = Math.min(batch.sentBytes + loaded, batch.bytes);
  tell(words.progress.replace("SENT", batch.sent).replace("ALL", batch.count));
}

function tell(text) {
  byId("batch").hidden = false;
  byId("batch-text").textContent = text;
}

function cancel() {
  batch.cancelled = true;
  batch.count -= batch.waiting.length;
  batch.waiting = [];
  for (const request of batch.running.values()) request?.abort();
}

async function end() {
  byId("batch-cancel").hidden = byId("batch-progress").hidden = true;
  tell(Object.entries(tally).reduce((text, [name, n]) => text.replace(name.toUpperCase(), n), words.ended));
  await showList();
}
