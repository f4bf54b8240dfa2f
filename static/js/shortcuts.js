// The keyboard: combinations work everywhere, single keys outside of fields alone, and not at all where a person has
// switched them off (WCAG 2.1.4). What a key stands for is written beside its command (chat/palette.py).

import { actions, carryOut } from "./deeds.js";
import { byId } from "./page.js";
import { open } from "./palette.js";

const IS_MAC = /Mac|iP(hone|ad|od)/.test(navigator.platform);
const FIELDS = "input, textarea, select, [contenteditable], .viewer"; // the viewer has letters of its own
const COMBINATIONS = { k: open, ".": () => carryOut({ action: "stop" }) };

function combined(event) {
  const isCommand = IS_MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
  if (isCommand && !event.shiftKey && !event.altKey) return COMBINATIONS[event.key.toLowerCase()];
  const isCompose = event.key === "Escape" && event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
  return isCompose ? actions.compose.run : undefined;
}

function single(event) {
  if (!("singleKeys" in document.documentElement.dataset)) return undefined;
  if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return undefined;
  if (event.target.closest?.(FIELDS) || document.querySelector("dialog[open]")) return undefined;
  const command = byId("palette-commands").content.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  return command && (() => carryOut(command.dataset));
}

function showMacKeys(root) {
  for (const key of root.querySelectorAll('kbd[data-name="Ctrl"]')) key.textContent = "⌘";
}

if (byId("palette")) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const run = combined(event) ?? single(event);
    if (!run) return;
    event.preventDefault();
    run();
  });
  if (IS_MAC) for (const root of [document, byId("palette-commands").content]) showMacKeys(root);
}
