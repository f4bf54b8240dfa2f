// The viewer of a document: shows the marked passage, and turns pages and sources by keypress.
// On a page of its own every turn is an ordinary link; beside a conversation `panel.js` follows it in place.

/** Scroll both panes to the passage, without moving the page around them. */
export function showPassage(viewer) {
  const mark = viewer.querySelector("#passage");
  centre(viewer.querySelector(".viewer-text"), mark);
  centre(viewer.querySelector(".viewer-picture"), viewer.querySelector(".viewer-sheet path"));
  return mark;
}

function centre(pane, target) {
  if (!pane || !target) return;
  const [outer, inner] = [pane.getBoundingClientRect(), target.getBoundingClientRect()];
  pane.scrollTop += inner.top - outer.top - Math.max(0, (pane.clientHeight - inner.height) / 3);
  pane.scrollLeft += inner.left - outer.left - Math.max(0, (pane.clientWidth - inner.width) / 3);
}

/** The link a key stands for; a key that a field or a pane has a use for of its own stands for none. */
export function linkOf(viewer, event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return null;
  const target = event.target;
  if (target.closest?.("input, textarea, select, [contenteditable]")) return null;
  const pane = target.closest?.(".viewer-picture, .table, pre");
  if (pane && event.key.startsWith("Arrow") && pane.scrollWidth > pane.clientWidth) return null;
  return viewer.querySelector(`a[data-keys~="${CSS.escape(event.key)}"]`);
}

const alone = document.querySelector(".page-viewer .viewer");
if (alone) {
  const mark = showPassage(alone);
  (mark ?? alone).focus({ preventScroll: true });
  // letters work while the focus is inside of the viewer, as after opening it
  alone.addEventListener("keydown", (event) => linkOf(alone, event)?.click());
}
