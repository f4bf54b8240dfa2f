// The block that is still being written: what is finished in it stays, the rest is replaced.

// where the rows of a table, the lines of some code, the items of a list, the words of a paragraph go
const inside = (tail) => tail.querySelector(":scope > .table tbody, :scope > .code code") ?? tail.firstElementChild;
let rest = []; // what may still change in there

export function grow(tail, event) {
  for (const node of rest) node.remove();
  rest = [];
  const frame = inside(tail);
  if (!frame || !(event.more || event.rest)) return;
  frame.insertAdjacentHTML("beforeend", event.more);
  const count = frame.childNodes.length;
  frame.insertAdjacentHTML("beforeend", event.rest);
  rest = [...frame.childNodes].slice(count);
}
