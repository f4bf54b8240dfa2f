// What was written and not sent yet, kept in this browser for each person and conversation: the draft, and the messages
// that wait for an answer to end. Signing out takes it all away.

const KINDS = ["draft:", "queue:"];
const composer = document.getElementById("composer");

const key = (kind) => `${kind}:${composer.dataset.person}:${composer.dataset.conversation ?? "new"}`;

export const draft = {
  get: () => localStorage.getItem(key("draft")) ?? "",
  set(text) {
    if (text) localStorage.setItem(key("draft"), text);
    else localStorage.removeItem(key("draft"));
  },
};

/** Messages that wait: [{id, text}], the first is sent first. */
export const queue = {
  key: () => key("queue"),
  get() {
    try {
      const kept = JSON.parse(localStorage.getItem(key("queue")) ?? "[]");
      return Array.isArray(kept) ? kept.filter((each) => typeof each?.id === "string" && typeof each.text === "string") : [];
    } catch {
      return [];
    }
  },
  set(waiting) {
    if (waiting.length) localStorage.setItem(key("queue"), JSON.stringify(waiting));
    else localStorage.removeItem(key("queue"));
  },
};

/** A conversation that is made just now takes along what was written before it was there. */
export function moveTo(conversation) {
  const text = draft.get();
  draft.set("");
  composer.dataset.conversation = conversation;
  draft.set(text);
}

document.addEventListener("submit", ({ target }) => {
  if (!target.matches("[data-signs-out]")) return;
  const kept = Object.keys(localStorage).filter((name) => KINDS.some((kind) => name.startsWith(kind)));
  for (const name of kept) localStorage.removeItem(name);
});
