// Live states of documents.

const POLL = 2000; // milliseconds
const UNFINISHED = ["queued", "parsing", "embedding"];

const waiting = document.querySelector("[data-refresh]");
let timer = 0;
let asked = 0; // looks at the list
let shown = 0; // the last of them that came

watch();
if (waiting && UNFINISHED.includes(waiting.dataset.status)) setTimeout(refresh, POLL);

// The list as the server renders it, in place of the one that is shown; what was chosen in it stays chosen.
export async function showList() {
  const look = (asked += 1);
  const response = await fetch(location.href).catch(() => null);
  if (!response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (look < shown) return; // overtaken by one that knows more
  shown = look;
  const list = document.getElementById("document-list");
  const chosen = [...list.querySelectorAll("input:checked")].map((box) => box.value);
  const fresh = page.getElementById("document-list");
  for (const box of fresh.querySelectorAll("input[type=checkbox]")) box.checked = chosen.includes(box.value);
  if (list.contains(document.activeElement)) return watch(); // not under somebody's fingers
  list.replaceWith(fresh);
  watch();
}

function unfinishedRows() {
  return [...document.querySelectorAll("#documents [data-unfinished]")];
}

function watch() {
  clearTimeout(timer);
  if (unfinishedRows().length) timer = setTimeout(poll, POLL);
}

async function poll() {
  const rows = unfinishedRows();
  const query = new URLSearchParams(rows.map((row) => ["id", row.dataset.document]));
  const answer = await fetchJson(`${document.getElementById("summary").dataset.statusUrl}?${query}`);
  if (!answer) return watch();
  for (const state of answer.documents) show(state);
  document.getElementById("summary").textContent = answer.summary;
  // one that is gone has taken the place of the version before
  if (answer.documents.length < rows.length || !unfinishedRows().length) await showList();
  watch();
}

function show(state) {
  const row = document.querySelector(`#documents [data-document="${state.id}"]`);
  if (!row) return;
  const part = (name) => row.querySelector(`[data-part="${name}"]`);
  if (!state.is_unfinished) {
    row.removeAttribute("data-unfinished");
    document.getElementById("announcements").textContent = `${state.name}: ${state.label}. ${state.reason}`;
  }
  row.dataset.status = state.status;
  part("label").textContent = state.label;
  part("label").classList.toggle("badge-ok", state.status === "ready");
  part("label").classList.toggle("badge-danger", state.status === "failed");
  part("text").textContent = state.progress;
  part("reason").textContent = state.reason;
  part("progress").hidden = !state.is_unfinished;
  part("progress").max = state.total || 1;
  part("progress").value = state.done;
  if (part("retry")) part("retry").hidden = !state.is_stopped;
  if (part("cancel")) part("cancel").hidden = !state.is_unfinished;
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
