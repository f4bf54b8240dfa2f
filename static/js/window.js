// A long conversation opens with its newest messages; earlier ones come when the reader scrolls up to them.

import { byId } from "./page.js";

const messages = byId("messages");
const scroll = byId("scroll");
const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) load(target);
});

/** Whether newer messages than those shown are left out. */
export const isCut = () => Boolean(messages.querySelector("[data-later]"));

export function watch() {
  const earlier = messages.querySelector("[data-earlier]");
  if (earlier) observer.observe(earlier);
}

async function load(earlier) {
  observer.unobserve(earlier);
  const response = await fetch(earlier.querySelector("a").dataset.from).catch(() => null);
  if (!response?.ok || !earlier.isConnected) return;
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  template.content.querySelector("[data-later]")?.remove();
  const fromEnd = scroll.scrollHeight - scroll.scrollTop;
  earlier.replaceWith(template.content);
  scroll.scrollTop = scroll.scrollHeight - fromEnd;
  document.dispatchEvent(new Event("messages-changed"));
}

/** Go to the message that the address names, also when it is not on the page; false when it names none. */
export function goToNamed() {
  const name = location.hash.slice(1);
  if (!name.startsWith("m-")) return false;
  const address = new URL(location.href);
  if (!byId(name) && address.searchParams.get("message") !== name.slice(2)) {
    address.search = `?message=${name.slice(2)}`;
    location.replace(address);
  }
  byId(name)?.scrollIntoView();
  return Boolean(byId(name));
}
